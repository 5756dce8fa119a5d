// SPDX-License-Identifier: Apache-2.0
// Every page of the app: where it is, whose it is, and what is there when it is ready. A page that is added to
// the app is added here, and is then looked at in both languages, both themes and at three widths.
export const CALL = 'emergency_call/care/day-care/button-1';

export const PAGES = [
  { name: 'sign-in', path: '/', as: null, ready: 'form' },
  { name: 'rooms', path: '/', as: 'wang', ready: '.cards > :nth-child(3)' },
  { name: 'desk', path: '/desk', as: 'li', ready: '.desk-rows > :nth-child(3)' },
  { name: 'wall', path: '/desk/wall', as: 'wall', ready: '.desk-rows > :nth-child(3)' },
  { name: 'manager', path: '/manager', as: 'sun', ready: '[data-class]' },
  { name: 'points', path: '/engineer', as: 'zhao', ready: '[data-point]' },
  { name: 'devices', path: '/engineer/devices', as: 'zhao', ready: '[data-device]' },
  { name: 'rules', path: '/engineer/rules', as: 'zhao', ready: '[data-rule]' },
  { name: 'shelving', path: '/engineer/alarms', as: 'zhao', ready: '[data-alarm-row]' },
  { name: 'tests', path: '/engineer/tests', as: 'zhao', ready: '.test-form' },
  { name: 'point', path: '/engineer/point/care/day-care/temperature', as: 'zhao', ready: '.chart canvas' },
  { name: 'events', path: '/events', as: 'wang', ready: '.events td' },
  { name: 'audit', path: '/audit', as: 'zhao', ready: '[data-action=audit]' },
  { name: 'handover', path: '/handover', as: 'wang', ready: '[data-cause]' },
  { name: 'password', path: '/password', as: 'wang', ready: 'form' },
  { name: 'phone', path: '/phone', as: 'wang', ready: '.sign [role=status]' },
  { name: 'users', path: '/users', as: 'zhao', ready: '[data-user=wang]' },
  { name: 'story', path: `/alarm/${CALL}`, as: 'wang', ready: '.card ~ .occurrence .story li' },
];
