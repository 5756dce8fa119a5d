// SPDX-License-Identifier: Apache-2.0
// What there is to say of each place: the worst first, and nothing of what is normal.
import { grouped } from '../live/grouped';
import type { LiveTable } from '../live/messages';
import { isUnseen, type Point } from '../live/points';
import { testAt } from '../live/within';
import type { Alarm, Priority } from '../types';

export type PlaceStatus =
  /**
   * `isTest`: all of them were raised while the place was under test. `isInTest`: they were not, and now nobody is
   * called from there.
   */
  | { kind: 'alarm'; priority: Priority; isTest: boolean; isInTest?: true; isUnacked: boolean; count: number; sinceMs: number | null }
  /** Nothing is known of `count` of its points, and of the one that was heard last for so many ms. */
  | { kind: 'no-data'; count: number; of: number; ageMs: number | null }
  | { kind: 'aside'; suppression: string }
  | { kind: 'test'; until: string };

/** The alarms are in the order in which they are shown: the first of a place that is no test is its worst. */
function alarmStatus(all: Alarm[]): PlaceStatus & { kind: 'alarm' } {
  const earnest = all.filter(({ state }) => !state.test);
  const isTest = earnest.length === 0;
  const alarms = isTest ? all : earnest;
  const worst = alarms[0] as Alarm;
  const sinceMs = least(alarms.map(({ raised }) => (raised === null ? null : Date.parse(raised))));
  return { kind: 'alarm', priority: worst.priority, isTest, isUnacked: !worst.state.acked, count: alarms.length, sinceMs };
}

const RANKS: Priority[] = ['emergency', 'urgent', 'high', 'low', 'journal'];
const KINDS = ['alarm', 'no-data', 'aside', 'test'];

function isWorse(a: PlaceStatus, b: PlaceStatus): boolean {
  if (a.kind !== 'alarm' || b.kind !== 'alarm') return KINDS.indexOf(a.kind) < KINDS.indexOf(b.kind);
  if (a.isTest !== b.isTest) return b.isTest;
  if (a.priority !== b.priority) return RANKS.indexOf(a.priority) < RANKS.indexOf(b.priority);
  return a.isUnacked && !b.isUnacked;
}

/** What is known soonest, or longest ago: nothing where nothing is known. */
const least = (values: (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
};

/** What there is to say of several places together: the worst, and how much of its kind there is. */
export function together(statuses: PlaceStatus[]): PlaceStatus | undefined {
  const [first, ...others] = statuses;
  if (first === undefined) return undefined;
  const worst = others.reduce((found, each) => (isWorse(each, found) ? each : found), first);
  if (worst.kind === 'alarm') {
    const alarms = statuses.filter((each) => each.kind === 'alarm').filter((each) => each.isTest === worst.isTest);
    const count = alarms.reduce((sum, each) => sum + each.count, 0);
    const isUnacked = alarms.some((each) => each.priority === worst.priority && each.isUnacked);
    return { ...worst, count, isUnacked, sinceMs: least(alarms.map((each) => each.sinceMs)) };
  }
  if (worst.kind !== 'no-data') return worst;
  const unseen = statuses.filter((each) => each.kind === 'no-data');
  const sum = (of: 'count' | 'of') => unseen.reduce((total, each) => total + each[of], 0);
  return { ...worst, count: sum('count'), of: sum('of'), ageMs: least(unseen.map((each) => each.ageMs)) };
}

function noDataStatus(points: Point[]): PlaceStatus {
  const unseen = points.filter(isUnseen);
  return { kind: 'no-data', count: unseen.length, of: points.length, ageMs: least(unseen.map(({ age_ms: age }) => age)) };
}

/** By the id of the place; a place that is normal is not in it. */
export function statusOf(table: LiveTable, points: Point[]): Map<string, PlaceStatus> {
  const found = new Map<string, PlaceStatus>();
  for (const { place } of table.tests.length === 0 ? [] : table.places) {
    const test = testAt(table.tests, place);
    if (test !== undefined) found.set(place, { kind: 'test', until: test.until });
  }
  for (const alarm of table.aside) {
    if (alarm.place !== null) found.set(alarm.place, { kind: 'aside', suppression: alarm.state.suppression });
  }
  for (const [place, rows] of grouped(points, (point) => point.place)) {
    if (rows.some(isUnseen)) found.set(place, noDataStatus(rows));
  }
  for (const [place, rows] of grouped(table.alarms, (alarm) => alarm.place)) {
    const status = alarmStatus(rows);
    const isInTest = !status.isTest && testAt(table.tests, place) !== undefined;
    found.set(place, isInTest ? { ...status, isInTest } : status);
  }
  return found;
}
