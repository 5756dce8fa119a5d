// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEvent, inOrder, nameOf, peopleOf, setAside } from '../src/live/alarms';
import { changedTable } from '../src/live/table';
import { casesOf } from '../src/rooms/choice';
import { awaits, stepsOf } from '../src/rooms/steps';
import { causeOf, Siren } from '../src/sound/siren';
import type { Alarm, AlarmState, ConsoleEvent, Place, Priority } from '../src/types';

const CALM: AlarmState = {
  active: false, acked: false, latched: false, attended: false, suppression: 'none', silenced: false, test: false,
};
const RAISED = { ...CALM, active: true, latched: true };
const places = new Map<string, Place>([['care/bath', { place: 'care/bath', kind: 'bathroom', name: { zh: '助浴间', en: 'Bathroom' }, capacity: null, area_m2: null, plan: null }]]);

function event(type: string, state: AlarmState, more: object = {}, subject = 'care/bath/cord', priority: Priority = 'emergency'): ConsoleEvent {
  const text = { zh: '呼叫', en: 'call' };
  const data = { rule: 'call', class: 'call.bathroom', priority, place: 'care/bath', state, text, actor: null, ...more };
  return { type: `tocsin.${type}`, subject, time: '2026-11-27T00:00:00.000Z', sequence: 1, data };
}

function after(...events: ConsoleEvent[]): Alarm[] {
  const alarms = new Map<string, Alarm>();
  for (const each of events) applyEvent(alarms, places, each);
  return inOrder(alarms.values());
}

const acknowledged = event('alarm.acknowledged', { ...RAISED, acked: true }, { actor: 'wang (caregiver, local)' });

test('an emergency to which somebody is going stays above what is less grave, and below one to which nobody is', () => {
  const raised = (id: string, priority: Priority, state: AlarmState, seconds: number) => ({
    ...event('alarm.raised', state, {}, id, priority), time: `2026-11-27T00:00:0${seconds}.000Z`,
  });
  const going = { ...RAISED, acked: true };
  const order = after(raised('a', 'high', RAISED, 0), raised('b', 'emergency', going, 1), raised('c', 'emergency', RAISED, 2), raised('d', 'high', going, 0));
  assert.deepEqual(order.map(({ alarm }) => alarm), ['call/c', 'call/b', 'call/a', 'call/d']);
});

test('a test stands below all that is in earnest', () => {
  const tested = event('alarm.raised', { ...RAISED, test: true }, {}, 'a');
  const order = after(tested, event('alarm.raised', RAISED, {}, 'b', 'low'), event('alarm.raised', RAISED, {}, 'c'));
  assert.deepEqual(order.map(({ alarm }) => alarm), ['call/c', 'call/b', 'call/a']);
});

test('an alarm that is raised shows with the name of its room', () => {
  const [alarm] = after(event('alarm.raised', RAISED));
  assert.equal(alarm?.alarm, 'call/care/bath/cord');
  assert.equal(alarm.place_name?.en, 'Bathroom');
  assert.equal(alarm.raised, '2026-11-27T00:00:00.000Z');
});

test('who acknowledges is going, and whoever attends is there', () => {
  const attended = event('alarm.attended', { ...RAISED, acked: true, attended: true }, { actor: 'li (security, local)' });
  const [alarm] = after(event('alarm.raised', RAISED), acknowledged, attended);
  assert.deepEqual(alarm?.going, ['wang']);
  assert.equal(alarm.there, 'li');
});

test('a signal that is gone leaves a latched alarm where it is, and closing takes it away', () => {
  const cleared = event('alarm.cleared', { ...RAISED, acked: true, active: false });
  assert.equal(after(event('alarm.raised', RAISED), acknowledged, cleared).length, 1);
  assert.equal(after(event('alarm.raised', RAISED), acknowledged, cleared, event('alarm.closed', CALM)).length, 0);
});

test('what is said of an alarm after it was closed does not bring it back', () => {
  const disposed = event('alarm.disposed', CALM, { disposition: 'misuse' });
  assert.equal(after(event('alarm.raised', RAISED), event('alarm.closed', CALM), disposed).length, 0);
});

test('an alarm that is shelved is not shown until it comes back', () => {
  const shelved = event('alarm.shelved', { ...RAISED, suppression: 'shelved' });
  assert.equal(after(event('alarm.raised', RAISED), shelved).length, 0);
  assert.equal(after(event('alarm.raised', RAISED), shelved, event('alarm.unshelved', RAISED)).length, 1);
});

test('what is taken out of service while it is normal is set aside, and is gone when it is in service', () => {
  const alarms = new Map<string, Alarm>();
  applyEvent(alarms, places, event('alarm.out_of_service', { ...CALM, suppression: 'out_of_service' }));
  assert.deepEqual(inOrder(alarms.values()), []);
  assert.equal(setAside(alarms.values()).length, 1);
  applyEvent(alarms, places, event('alarm.in_service', CALM));
  assert.equal(alarms.size, 0);
});

test('raised again, nobody is going any more', () => {
  const [alarm] = after(event('alarm.raised', RAISED), acknowledged, event('alarm.reraised', RAISED));
  assert.deepEqual(alarm?.going, []);
  assert.equal(alarm.state.acked, false);
});

test('what calls once more ends the silence and says so, and what only changes does not', () => {
  const at = (second: number, type: string, more: object = {}) => ({ ...event(type, RAISED, more), time: `2026-11-27T00:00:0${second}.000Z` });
  const raised = at(0, 'alarm.raised');
  const one = (...events: ConsoleEvent[]) => after(raised, ...events)[0] as Alarm;
  const isSilent = (...then: Alarm[]) => {
    const siren = new Siren();
    siren.follow(false, [one()]);
    siren.silence();
    for (const alarm of then) siren.follow(false, [alarm]);
    siren.follow(false, []);
    return siren.silentS() > 0;
  };
  const [again, realarmed] = [one(at(1, 'alarm.reraised')), one(at(1, 'alarm.realarmed'))];
  const escalated = one(at(1, 'alarm.escalated', { calling: ['caregiver'] }));
  const anew = one(at(1, 'alarm.closed'), at(2, 'alarm.raised'));
  assert.deepEqual([one(), escalated, again, realarmed, anew].map((alarm) => isSilent(alarm)), [true, true, false, false, false]);
  assert.deepEqual([one(), again, realarmed, anew].map((alarm) => alarm.again?.isRaised), [undefined, true, false, undefined]);
  const later = one(at(1, 'alarm.reraised'), at(2, 'alarm.cleared'));
  assert.deepEqual(later.again, { time: '2026-11-27T00:00:01.000Z', isRaised: true }, 'it is said until the end');
  assert.deepEqual(peopleOf([at(2, 'alarm.cleared'), at(1, 'alarm.reraised'), raised]).again, later.again, 'and after the page was opened anew');
});

test('the newest events tell who is going', () => {
  assert.deepEqual(peopleOf([acknowledged, event('alarm.raised', RAISED)]), { going: ['wang'], there: null, again: null });
  const second = event('alarm.acknowledged', { ...RAISED, acked: true }, { actor: 'chen (security)' });
  const before = event('alarm.acknowledged', { ...RAISED, acked: true }, { actor: 'zhao (caregiver)' });
  const newestFirst = [second, acknowledged, acknowledged, event('alarm.reraised', RAISED), before];
  assert.deepEqual(peopleOf(newestFirst).going, ['wang', 'chen'], 'of two who go neither is forgotten, and who went before is not named');
  assert.deepEqual(after(event('alarm.raised', RAISED), acknowledged, second)[0]?.going, ['wang', 'chen']);
  assert.equal(nameOf(null), null);
});

test('a name with brackets keeps them, and who has it its cases', () => {
  const names = ['李娜 (夜班)', 'Li (night) B', '王敏'];
  for (const name of names) for (const role of ['caregiver', 'caregiver, local']) assert.equal(nameOf(`${name} (${role})`), name);
  assert.equal(nameOf('李娜 (夜班)'), '李娜 (夜班)', 'without a role nothing is cut');
  const going = event('alarm.acknowledged', { ...RAISED, acked: true }, { actor: '李娜 (夜班) (caregiver)' });
  const cases = casesOf(after(event('alarm.raised', RAISED), going), { id: 'li', name: '李娜 (夜班)', role: 'caregiver' });
  assert.equal(cases.own.length, 1);
});

test('the next step is offered, and closing only when the signal is gone', () => {
  const alarmAfter = (...events: ConsoleEvent[]) => after(event('alarm.raised', RAISED), ...events)[0] as Alarm;
  assert.deepEqual(stepsOf(alarmAfter(), 'caregiver'), ['acknowledge']);
  assert.deepEqual(stepsOf(alarmAfter(acknowledged), 'caregiver'), ['attend', 'disposition']);
  const over = event('alarm.cleared', { ...RAISED, acked: true, active: false, attended: true });
  assert.deepEqual(stepsOf(alarmAfter(acknowledged, over), 'caregiver'), ['reset', 'disposition']);
});

test('whoever is called still is asked to go, also after somebody else has said so, and the alarm sounds for them', () => {
  const raised = event('alarm.raised', RAISED);
  const acked = { ...RAISED, acked: true };
  const security = event('alarm.acknowledged', acked, { actor: 'chen (security)', calling: ['caregiver', 'manager'] });
  const caregiver = event('alarm.acknowledged', acked, { actor: 'wang (caregiver)', calling: [] });
  const cleared = event('alarm.cleared', { ...acked, active: false });
  const one = (...events: ConsoleEvent[]) => after(raised, ...events)[0] as Alarm;
  const awaitedBy = (alarm: Alarm) =>
    (['caregiver', 'security', 'manager', 'engineer', 'wall'] as const).filter((role) => awaits(alarm, role));

  for (const alarm of [one(security), one(security, cleared)]) {
    assert.deepEqual(awaitedBy(alarm), ['caregiver', 'manager', 'wall']);
    assert.equal(stepsOf(alarm, 'caregiver')[0], 'acknowledge');
    assert.equal(stepsOf(alarm, 'security').includes('acknowledge'), false);
    assert.equal(causeOf(false, [alarm]), 'emergency');
  }
  const step = event('alarm.escalated', acked, { calling: ['caregiver', 'security', 'manager'], step: 2, run: 1 });
  assert.deepEqual(awaitedBy(one(security, step)), ['caregiver', 'security', 'manager', 'wall'], 'a step calls more');
  const answered = one(security, caregiver);
  assert.deepEqual(awaitedBy(answered), []);
  assert.deepEqual(answered.going, ['chen', 'wang']);
});

test('nobody is called for what is set aside or a test, or has not been answered since it came again', () => {
  const acked = { ...RAISED, acked: true };
  const security = event('alarm.acknowledged', acked, { actor: 'chen (security)', calling: ['caregiver'] });
  for (const state of [{ ...acked, suppression: 'shelved' }, { ...acked, test: true }]) {
    const alarms = new Map<string, Alarm>();
    for (const each of [event('alarm.raised', RAISED), security, event('alarm.shelved', state), event('alarm.unshelved', acked)]) {
      applyEvent(alarms, places, each);
    }
    assert.deepEqual(alarms.get('call/care/bath/cord')?.calling, []);
  }
  const again = after(event('alarm.raised', RAISED), security, event('alarm.reraised', RAISED))[0] as Alarm;
  assert.deepEqual([again.calling, again.going], [[], []]);
});

test('a change leaves every alarm that it does not name the very object that it was', () => {
  const [first, second, other] = ['a', 'b', 'c'].map((id) => after(event('alarm.raised', RAISED, {}, id))[0] as Alarm);
  assert.ok(first && second && other);
  const site = { name: { zh: '', en: '' }, timezone: 'UTC' };
  const before = { site, places: [], alarms: [first, second], aside: [], tests: [], seq: 1 };
  const shelved = { ...second, state: { ...second.state, suppression: 'shelved' } };
  const now = changedTable(before, { alarms: [other, shelved], gone: [], seq: 3 });
  assert.deepEqual(now.alarms.map((alarm) => alarm.alarm), [first.alarm, other.alarm]);
  assert.equal(now.alarms[0], first);
  assert.deepEqual(now.aside, [shelved]);
  assert.equal(now.seq, 3);
  assert.deepEqual(changedTable(now, { alarms: [], gone: [first.alarm, second.alarm], seq: 4 }).alarms, [other]);
});
