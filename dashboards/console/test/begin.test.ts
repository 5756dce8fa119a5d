// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginOf, choicesOf, chosenOf, momentOf, type Shift } from '../src/handover/begin';
import { readSince } from '../src/log/record';
import type { ConsoleEvent } from '../src/types';

const at = (time: string) => Date.parse(time);
const ZONE = 'Asia/Shanghai';

test('a shift began when it last was that time at the site, today or yesterday', () => {
  const now = at('2026-11-27T01:30:20Z'); // 09:30 at the site
  assert.equal(beginOf('08:00', now, ZONE), at('2026-11-27T00:00:00Z'));
  assert.equal(beginOf('20:00', now, ZONE), at('2026-11-26T12:00:00Z'));
  assert.equal(beginOf('09:30', now, ZONE), at('2026-11-27T01:30:00Z'));
  assert.equal(beginOf('09:31', now, ZONE), at('2026-11-26T01:31:00Z'));
});

const NOW = at('2026-11-27T01:30:20Z');
const shift = (name: string, onDuty: boolean, began: string | null, before: string | null): Shift => {
  return { shift: name, name: { zh: name, en: name }, role: null, on_duty: onDuty, began, began_before: before };
};
const SHIFTS = [
  shift('care', false, '2026-11-26T23:00:00.000Z', '2026-11-26T11:00:00.000Z'),
  shift('night', true, '2026-11-26T11:00:00.000Z', '2026-11-25T23:00:00.000Z'),
  shift('guard', true, null, null),
];

test('a shift of the site is handed over unless somebody chose otherwise, the one on duty first', () => {
  const choices = choicesOf(SHIFTS, NOW);
  assert.deepEqual(
    choices.slice(0, 3).map((each) => each.value),
    ['shift:night', 'shift:care', '00:00'],
  );
  const turn = { shift: 'night', name: { zh: 'night', en: 'night' }, role: null, began: at('2026-11-26T11:00:00Z') };
  assert.deepEqual(choices[0]?.turn, turn);
  assert.equal(chosenOf(null, choices), 'shift:night');
  assert.equal(chosenOf('shift:care', choices), 'shift:care');
  assert.equal(chosenOf('20:30', choices), '20:30');
  assert.equal(chosenOf('shift:gone', choices), 'shift:night');
  assert.equal(chosenOf(null, choicesOf([], NOW)), '08:00');
});

test('the moment is when the turn of the shift began, or when it last was the time that was chosen', () => {
  const now = at('2026-11-27T01:30:20Z');
  assert.equal(momentOf('shift:night', choicesOf(SHIFTS, NOW), now, ZONE), at('2026-11-26T11:00:00Z'));
  assert.equal(momentOf('20:00', choicesOf(SHIFTS, NOW), now, ZONE), at('2026-11-26T12:00:00Z'));
});

test('a handover is whole however few events the server gives at a time, and says so when it is not', async () => {
  const now = at('2026-11-27T12:00:00Z');
  const serverOf = (count: number) => async (before: number | null) => {
    const events = Array.from({ length: count }, (_, index): ConsoleEvent => {
      const time = new Date(now - index * 1000).toISOString();
      return { type: 'tocsin.alarm.raised', subject: 's', time, sequence: count - index, data: {} };
    }).filter(({ sequence }) => before === null || sequence < before);
    const page = events.slice(0, 150);
    return { events: page, last_seq: page.at(-1)?.sequence ?? 0 };
  };
  const ROWS_MAX = 2000;
  const whole = await readSince(serverOf(400), 0, now - 3600e3, ROWS_MAX);
  assert.deepEqual([whole.events.length, whole.before, whole.seq], [400, 0, 400]);
  const began = await readSince(serverOf(4000), 0, now - 500e3, ROWS_MAX);
  assert.deepEqual([began.events.length, began.before], [501, 0]);
  const cut = await readSince(serverOf(4000), 0, now - 7200e3, ROWS_MAX);
  assert.deepEqual([cut.events.length, cut.before], [2000, cut.events.at(-1)?.sequence]);
});

test('at the beginning of a turn it is the one before it that is handed over', () => {
  const began = (now: string) => choicesOf(SHIFTS.slice(0, 1), at(now))[0]?.turn?.began;
  assert.equal(began('2026-11-26T23:05:00Z'), at('2026-11-26T11:00:00Z'));
  assert.equal(began('2026-11-27T00:05:00Z'), at('2026-11-26T23:00:00Z'));
});
