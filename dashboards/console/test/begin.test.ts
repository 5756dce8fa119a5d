// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginOf, choicesOf, chosenOf, momentOf } from '../src/handover/begin';
import { eventsSince } from '../src/handover/since';
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

const SHIFTS = [
  { shift: 'care', on_duty: false, began: '2026-11-26T23:00:00.000Z' },
  { shift: 'night', on_duty: true, began: '2026-11-26T11:00:00.000Z' },
  { shift: 'guard', on_duty: true, began: null },
];

test('a shift of the site is handed over unless somebody chose otherwise, the one on duty first', () => {
  const choices = choicesOf(SHIFTS);
  assert.deepEqual(
    choices.slice(0, 3).map((each) => each.value),
    ['shift:night', 'shift:care', '00:00'],
  );
  assert.deepEqual(choices[0]?.turn, { shift: 'night', began: at('2026-11-26T11:00:00Z') });
  assert.equal(chosenOf(null, choices), 'shift:night');
  assert.equal(chosenOf('shift:care', choices), 'shift:care');
  assert.equal(chosenOf('20:30', choices), '20:30');
  assert.equal(chosenOf('shift:gone', choices), 'shift:night');
  assert.equal(chosenOf(null, choicesOf([])), '08:00');
});

test('the moment is when the turn of the shift began, or when it last was the time that was chosen', () => {
  const now = at('2026-11-27T01:30:20Z');
  assert.equal(momentOf('shift:night', choicesOf(SHIFTS), now, ZONE), at('2026-11-26T11:00:00Z'));
  assert.equal(momentOf('20:00', choicesOf(SHIFTS), now, ZONE), at('2026-11-26T12:00:00Z'));
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
  const whole = await eventsSince(serverOf(400), now - 3600e3);
  assert.deepEqual([whole.events.length, whole.isAll], [400, true]);
  const began = await eventsSince(serverOf(4000), now - 500e3);
  assert.deepEqual([began.events.length, began.isAll], [501, true]);
  const cut = await eventsSince(serverOf(4000), now - 7200e3);
  assert.deepEqual([cut.events.length >= 2000, cut.isAll], [true, false]);
});
