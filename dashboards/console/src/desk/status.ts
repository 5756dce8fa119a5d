// SPDX-License-Identifier: Apache-2.0
// What there is to say of each place: the worst first, and nothing of what is normal.
import { grouped } from '../live/grouped';
import type { LiveTable } from '../live/messages';
import { isUnseen, type Point } from '../live/points';
import type { Alarm, Priority } from '../types';

export type PlaceStatus =
  | { kind: 'alarm'; priority: Priority; isUnacked: boolean; count: number; sinceMs: number | null }
  /** Nothing is known of `count` of its points, and of the one that was heard last for so many ms. */
  | { kind: 'no-data'; count: number; of: number; ageMs: number | null }
  | { kind: 'aside'; suppression: string }
  | { kind: 'test'; until: string };

/** The alarms are in the order in which they are shown: the first of a place is its worst. */
function alarmStatus(alarms: Alarm[]): PlaceStatus {
  const worst = alarms[0] as Alarm;
  const raised = alarms.map((alarm) => alarm.raised).filter((at) => at !== null);
  const sinceMs = raised.length === 0 ? null : Math.min(...raised.map((at) => Date.parse(at)));
  return { kind: 'alarm', priority: worst.priority, isUnacked: !worst.state.acked, count: alarms.length, sinceMs };
}

function noDataStatus(points: Point[]): PlaceStatus {
  const unseen = points.filter(isUnseen);
  const ages = unseen.map((point) => point.age_ms).filter((age) => age !== null);
  const ageMs = ages.length === 0 ? null : Math.min(...ages);
  return { kind: 'no-data', count: unseen.length, of: points.length, ageMs };
}

/** By the id of the place; a place that is normal is not in it. */
export function statusOf(table: LiveTable, points: Point[]): Map<string, PlaceStatus> {
  const found = new Map<string, PlaceStatus>();
  for (const test of table.tests) found.set(test.place, { kind: 'test', until: test.until });
  for (const alarm of table.aside) {
    if (alarm.place !== null) found.set(alarm.place, { kind: 'aside', suppression: alarm.state.suppression });
  }
  for (const [place, rows] of grouped(points, (point) => point.place)) {
    if (rows.some(isUnseen)) found.set(place, noDataStatus(rows));
  }
  for (const [place, rows] of grouped(table.alarms, (alarm) => alarm.place)) found.set(place, alarmStatus(rows));
  return found;
}
