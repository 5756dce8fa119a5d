// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { arranged, casesOf, choose, chosenBy, isChosen } from '../src/rooms/choice';
import { isForAlarms } from '../src/rooms/keys';
import type { Alarm, Person, Place, Priority } from '../src/types';

const kept = new Map<string, string>();
let isFull = false;
const storage = {
  getItem: (key: string) => kept.get(key) ?? null,
  removeItem: (key: string) => kept.delete(key),
  setItem: (key: string, text: string) => {
    if (isFull) throw new Error('full');
    kept.set(key, text);
  },
};
Object.assign(globalThis, { localStorage: storage });
beforeEach(() => {
  kept.clear();
  isFull = false;
});

const person = (id: string): Person => ({ id, name: id, role: 'caregiver' });
const places = ['care', 'care/bath', 'care/bath2', 'care/club', 'hall'].map(
  (place): Place => ({ place, kind: 'bedroom', name: { zh: place, en: place }, capacity: null, area_m2: null, plan: null }),
);
const ids = (alarms: Alarm[]) => alarms.map(({ alarm }) => alarm);

const none = { calls: [], own: [], others: [], ownTests: [], tests: [] };

function alarm(place: string | null, priority: Priority = 'high', more: object = {}): Alarm {
  const state = { acked: false, test: false };
  return { alarm: `${priority} ${place}`, place, priority, class: 'door.held', state, ...more } as unknown as Alarm;
}

test('a choice is kept for each person who shares a phone, and none is all', () => {
  assert.deepEqual(chosenBy(person('wang'), places), []);
  choose(person('wang'), ['care/bath']);
  choose(person('chen'), ['hall', 'care/club']);
  assert.deepEqual(chosenBy(person('wang'), places), ['care/bath']);
  assert.deepEqual(chosenBy(person('chen'), places), ['care/club', 'hall']);
  choose(person('wang'), []);
  assert.deepEqual([chosenBy(person('wang'), places), chosenBy(person('chen'), places).length], [[], 2]);
});

test('a room that is gone from the site falls out of the choice, and one in another is told by that', () => {
  choose(person('wang'), ['care/bath', 'attic']);
  assert.deepEqual(chosenBy(person('wang'), places), ['care/bath']);
  choose(person('wang'), ['attic']);
  assert.deepEqual(chosenBy(person('wang'), places), [], 'of what is left nothing is hers alone: all');
  choose(person('wang'), ['care/bath', 'care']);
  assert.deepEqual(chosenBy(person('wang'), places), ['care']);
});

test('what is kept is bounded, and what is no choice is passed over', () => {
  for (let count = 0; count < 50; count++) choose(person(`p${count}`), ['hall']);
  assert.equal((JSON.parse(kept.get('tocsin.rooms') ?? '') as unknown[]).length, 20);
  assert.deepEqual([chosenBy(person('p0'), places), chosenBy(person('p49'), places)], [[], ['hall']]);
  for (const text of ['{', '{}', '[1, ["wang", "hall"], ["wang", [1]]]']) {
    kept.set('tocsin.rooms', text);
    assert.deepEqual(chosenBy(person('wang'), places), []);
  }
  isFull = true;
  choose(person('wang'), ['hall']);
  assert.deepEqual(chosenBy(person('wang'), places), []);
});

test('a chosen place holds what lies in it, and what is of all around it', () => {
  const found = ['care', 'care/bath', 'care/bath/basin', 'care/bath2', 'hall', null].map((place) => isChosen(place, ['care/bath']));
  assert.deepEqual(found, [true, true, true, false, false, false]);
});

test('nothing that may be grave or calls the role is folded, and calls come first', () => {
  const chosen = ['care/bath'];
  const calls = [alarm('hall', 'emergency'), alarm('care/bath', 'emergency')];
  const own = [alarm('care/club')];
  const others = [
    alarm('care/bath'), alarm('hall', 'urgent', { calling: ['caregiver'] }), alarm(null), alarm('hall', 'low', { calling: ['security'] }),
    alarm('care/club', 'urgent', { class: 'call.bathroom' }),
  ];
  const { blocks, folded } = arranged({ ...none, calls, own, others }, chosen, 'caregiver');
  assert.deepEqual(blocks.map(({ where, alarms }) => [where, ids(alarms)]), [
    ['mine', ['emergency care/bath']],
    ['elsewhere', ['emergency hall']],
    ['mine', ['high care/club', 'high care/bath']],
    ['elsewhere', ['urgent hall', 'urgent care/club']],
  ]);
  assert.deepEqual(ids(folded), ['high null', 'low hall']);
  const all = arranged({ ...none, calls, own, others }, [], 'caregiver');
  assert.deepEqual(all.blocks.map(({ where, alarms }) => [where, alarms.length]), [['mine', 8]]);
  assert.deepEqual(all.folded, []);
});

const acked = { acked: true, test: false };
const testing = { acked: false, test: true };

test('a test is no call: what is in earnest comes before it, and only a test to which one goes is a card', () => {
  const real = alarm('sport', 'emergency');
  const taken = alarm('care/club', 'emergency', { state: { acked: true, test: true }, going: ['wang'] });
  const tests = Array.from({ length: 14 }, (_, at) => alarm(`care/${at}`, 'emergency', { state: testing, class: 'call.emergency' }));
  const door = alarm('hall', 'high');
  const cases = casesOf([...tests, taken, door, real], person('wang'));
  const { blocks, rest, folded } = arranged(cases, ['care'], 'caregiver');
  assert.deepEqual(blocks.map(({ where, alarms }) => [where, ids(alarms)]), [
    ['elsewhere', [real.alarm]],
    ['mine', [taken.alarm]],
  ]);
  assert.deepEqual([ids(folded), rest, ids(cases.tests)], [[door.alarm], [], ids(tests)]);
});

test('however many calls wait, each is a card, and so is what one goes to; only others become rows', () => {
  const calls = Array.from({ length: 40 }, (_, at) => alarm(`care/${at}`, 'emergency'));
  const own = alarm('hall', 'high', { state: acked, going: ['wang'] });
  const called = alarm('hall', 'urgent', { calling: ['caregiver'] });
  const doors = Array.from({ length: 5 }, (_, at) => alarm(`door/${at}`, 'high'));
  const cardsOf = (...alarms: Alarm[]) => {
    const { blocks, rest } = arranged(casesOf(alarms, person('wang')), [], 'caregiver');
    return [blocks.flatMap((block) => ids(block.alarms)), ids(rest)];
  };
  assert.deepEqual(cardsOf(...calls, ...doors, called, own), [[...ids(calls), own.alarm, called.alarm], ids(doors)]);
  const few = calls.slice(0, 8);
  assert.deepEqual(cardsOf(...few, ...doors, own), [[...ids(few), own.alarm, ...ids(doors.slice(0, 3))], ids(doors.slice(3))]);
});

test('an alarm key is none where somebody writes or chooses, nor with another key', () => {
  /** A key in an element that lies in those named. */
  const key = (around: string[], more: object = {}) => {
    const closest = (selector: string) => selector.split(', ').some((each) => around.includes(each)) || null;
    return { ctrlKey: false, metaKey: false, altKey: false, target: { closest }, ...more } as unknown as KeyboardEvent;
  };
  for (const around of ['input', 'select', 'textarea', '[contenteditable]', 'form']) assert.equal(isForAlarms(key([around])), false, around);
  assert.deepEqual([isForAlarms(key(['button'])), isForAlarms(key([], { target: {} }))], [true, true], 'a card, and the page itself');
  for (const held of ['ctrlKey', 'metaKey', 'altKey']) assert.equal(isForAlarms(key([], { [held]: true })), false, held);
});
