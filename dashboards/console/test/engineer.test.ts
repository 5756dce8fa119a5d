// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joined, summaryOf, type Rule } from '../src/engineer/plant';
import { occupancyOf } from '../src/manager/occupancy';
import { rangeOf, shortRuns } from '../src/engineer/runs';
import type { Point } from '../src/live/points';
import type { Place } from '../src/types';

test('a rule whose instances are on two pages is one rule with all of them', () => {
  const rule = (name: string, ...entities: string[]): Rule => ({
    rule: name, class: 'c', priority: 'low', builtin: false, expression: null, message: { zh: '', en: '' }, latched: false,
    instances: entities.map((entity) => ({ alarm: `${name}/${entity}`, entity, place: null, truth: 'false', reason: null })),
  });
  const rules = joined([rule('a', '1', '2'), rule('b', '3'), rule('b', '4')]);
  assert.deepEqual(rules.map((each) => [each.rule, each.instances.map(({ entity }) => entity)]), [['a', ['1', '2']], ['b', ['3', '4']]]);
});

test('the mean of a day counts each minute by how long it was known, and a gap counts nothing', () => {
  const row = { point: 'p', unit: null, min: [1, null, 4], max: [3, null, 6], mean: [2, null, 5], changes: [1, 0, 2], good_s: [60, 0, 30] };
  assert.deepEqual(summaryOf(row), { least: 1, most: 6, mean: 3, changes: 3, goodS: 90 });
  assert.equal(summaryOf({ ...row, min: [null, null, null] }), null);
});

const room = (id: string, capacity: number | null): Place => ({ place: id, kind: 'k', name: { zh: id, en: id }, capacity, area_m2: null, plan: null });
const point = (place: string, kind: string, value: number, quality: Point['quality'] = 'good'): Point => ({
  point: `${place}/${kind}`, kind, device: 'd', place, value, unit: null, quality, measured: null, age_ms: 1,
});

test('people are what a counter says, else who came in and did not go out, and unknown where one of them is', () => {
  const places = [room('a', 10), room('b', 10), room('c', null), room('d', 5)];
  const points = [
    point('a', 'occupancy_count', 4), point('a', 'people_in', 90),
    point('b', 'people_in', 9), point('b', 'people_out', 12),
    point('c', 'people_in', 3), point('c', 'people_out', 1, 'stale'),
  ];
  const rows = Object.fromEntries(occupancyOf(places, points).map((row) => [row.place.place, row.people]));
  assert.deepEqual(rows, { a: 4, b: 0, c: null });
  assert.equal(occupancyOf(places, points)[0]?.place.place, 'c');
});

test('a value between two gaps is a mark, and so are the first minutes of a day; a line of hours is a line', () => {
  const day = (from: number, until: number) => Array.from({ length: 1440 }, (_, minute) => (minute >= from && minute < until ? 1 : null));
  assert.deepEqual(shortRuns([null, 5, null, null, 7]), [1, 4]);
  assert.deepEqual(shortRuns(day(1437, 1440)), [1437, 1438, 1439]);
  assert.deepEqual(shortRuns(day(0, 600)), []);
  assert.deepEqual(shortRuns([]), []);
});

test('all that a chart draws lies inside its grid, also where nothing changes', () => {
  for (const [least, most] of [[22.5, 22.5], [0, 0], [-3, 40], [-2, -2]] as const) {
    const [from, to] = rangeOf(least, most);
    assert.ok(from < least && most < to, `${least} to ${most} in ${from} to ${to}`);
  }
  assert.deepEqual(rangeOf(null, null), [0, 1]);
});
