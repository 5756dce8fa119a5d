// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginOf, choicesOf, chosenOf, momentOf } from '../src/handover/begin';

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
