// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, queryOf } from '../src/log/filter';
import { type EventsPage, olderEvents, olderThan, readBack } from '../src/log/older';
import type { ConsoleEvent } from '../src/types';

/** A server that looks at 100 events for each question, of which those of `fitting` fit. */
function server(fitting: number[]) {
  const asked: number[] = [];
  const ask = async (given: number | null): Promise<EventsPage> => {
    const before = given ?? Math.max(...fitting) + 1;
    const last = Math.max(before - 100, 1);
    asked.push(before);
    const events = fitting
      .filter((seq) => seq < before && seq >= last)
      .map((sequence): ConsoleEvent => ({ type: 'tocsin.test', subject: 's', time: '2026-11-27T00:00:00Z', sequence, data: {} }));
    return { events, last_seq: last };
  };
  return { asked, ask };
}

test('the server is asked for the place and the kind, not only for what is read anyway', () => {
  assert.equal(queryOf({ lane: 'all', place: '' }, 100), 'limit=100');
  assert.equal(queryOf({ lane: 'alarm', place: 'care/day-care' }, 5), 'limit=5&lane=alarm&place=care%2Fday-care');
});

test('older events are asked for until one fits', async () => {
  const { asked, ask } = server([420]);
  const page = await olderEvents(ask, 1000);
  assert.deepEqual(page.events.map((event) => event.sequence), [420]);
  assert.deepEqual(asked, [1000, 900, 800, 700, 600, 500]);
  assert.equal(olderThan(page), 400);
});

test('where nothing fits the questions end, and the next begins where they ended', async () => {
  const { asked, ask } = server([]);
  const page = await olderEvents(ask, 100_000);
  assert.deepEqual([asked.length, page.events.length, olderThan(page)], [20, 0, 98_000]);
  assert.equal(olderThan(await olderEvents(ask, 150)), 0);
  assert.deepEqual(asked.slice(20), [150, 50]);
});

test('a page that was cut short is not the end: it is read on to what is not wanted, or to where there is nothing', async () => {
  const { asked, ask } = server([720, 700, 350, 20, 10]);
  const taken: number[] = [];
  const read = (isWanted: (event: ConsoleEvent) => boolean, rowsMax: number) =>
    readBack(ask, isWanted, (event) => taken.push(event.sequence), rowsMax);
  assert.equal(await read(({ sequence }) => sequence > 300, 1000), 0);
  assert.deepEqual(taken.splice(0), [720, 700, 350]);
  assert.deepEqual(asked.splice(0), [721, 621, 521, 421, 321, 221, 121, 21]);
  assert.equal(await read(() => true, 1000), 0);
  assert.deepEqual(taken.splice(0), [720, 700, 350, 20, 10]);
});

test('reading back has an end, and says that it left out the rest', async () => {
  const many = server([99_000, 98_950, 98_890]);
  assert.equal(await readBack(many.ask, () => true, () => {}, 2), 98_901);
  assert.deepEqual(many.asked, [99_001]);
  const few = server([99_000]);
  assert.equal(await readBack(few.ask, () => true, () => {}, 2), 97_001);
  assert.equal(few.asked.length, 20);
});

test('words are looked for in what is shown', () => {
  assert.equal(holds('Raised Day-care room', ' day '), true);
  assert.equal(holds('Raised Day-care room', 'gym'), false);
  assert.equal(holds('', ''), true);
});
