// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDay, readOn } from '../src/today/read';
import { count, dayOf, emptyTally, ranked } from '../src/today/tally';
import type { ConsoleEvent, EventData } from '../src/types';

const event = (type: string, data: EventData = {}): ConsoleEvent => ({
  type: `tocsin.${type}`, subject: 's', time: '2026-11-27T00:00:00Z', sequence: 1, data,
});

const CALM = { active: true, acked: false, latched: false, attended: false, suppression: 'none', silenced: false };

test('alarms are counted by class, other events by type, and what is tested is not', () => {
  const tally = emptyTally();
  const raised = (cause: string, isTest = false) =>
    event('alarm.raised', { class: cause, priority: 'high', state: { ...CALM, test: isTest } });
  for (const each of [raised('door.held'), raised('door.held'), raised('fire.alarm'), raised('fire.alarm', true)]) count(tally, each);
  for (const type of ['access.denied', 'access.denied', 'patrol.checkpoint', 'alarm.cleared']) count(tally, event(type));
  assert.deepEqual(ranked(tally.alarms), [['door.held', 2], ['fire.alarm', 1]]);
  assert.deepEqual(ranked(tally.events), [['access.denied', 2], ['patrol.checkpoint', 1]]);
  assert.equal(tally.priorities.get('high'), 3);
});

test('what people found out to be false is counted, whether at the end or before', () => {
  const tally = emptyTally();
  count(tally, event('alarm.disposed', { disposition: 'misuse' }));
  count(tally, event('alarm.reset', { disposition: 'genuine' }));
  count(tally, event('alarm.reset', { disposition: 'equipment' }));
  assert.equal(tally.falseAlarms, 2);
});

test('the day is that of the site, whatever the time of the browser', () => {
  const ms = Date.parse('2026-11-26T16:00:00Z');
  assert.equal(dayOf(ms, 'Asia/Shanghai'), '2026-11-27');
  assert.equal(dayOf(ms - 1, 'Asia/Shanghai'), '2026-11-26');
  assert.equal(dayOf(ms, 'UTC'), '2026-11-26');
});

/** One door was held with each event up to `newest`; a page is cut short after two. */
const doors = (newest: number) => {
  const all = Array.from({ length: newest }, (_, index) => ({
    ...event('alarm.raised', { class: 'door.held', priority: 'low', state: { ...CALM, test: false } }),
    sequence: index + 1,
  }));
  const page = (events: ConsoleEvent[]) => ({ events, last_seq: events.at(-1)?.sequence ?? 0 });
  return {
    older: async (before: number | null) => page(all.slice(0, (before ?? newest + 1) - 1).reverse().slice(0, 2)),
    newer: async (after: number) => page(all.slice(after, after + 2)),
  };
};

test('a day is counted whole, back and on, however few events the server gives at a time', async () => {
  const counted = () => ranked(kept.tally.alarms);
  let kept = await readDay(doors(5).older, '2026-11-27', 'UTC');
  assert.deepEqual([counted(), kept.seq, kept.isCut], [[['door.held', 5]], 5, false]);
  for (const seq of [7, 9, 10]) {
    kept = await readOn(doors(10).newer, kept, 10, 'UTC');
    assert.equal(kept.seq, seq);
  }
  assert.deepEqual(counted(), [['door.held', 10]]);
  kept = await readOn(doors(10).newer, kept, 12, 'UTC');
  assert.deepEqual([counted(), kept.seq], [[['door.held', 10]], 12]);
});
