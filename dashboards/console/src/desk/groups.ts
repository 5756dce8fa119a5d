// SPDX-License-Identifier: Apache-2.0
// The alarms as the desk lists them. When more come than anybody can read they are grouped by place and cause;
// every alarm is in exactly one row, and no row is left out.
import { grouped } from '../live/grouped';
import type { Alarm } from '../types';

export interface Row {
  id: string;
  /** The first is the one to begin with. */
  alarms: Alarm[];
  /** What its alarms have in common: nothing for a single one. */
  by: 'one' | 'place' | 'cause' | 'rest';
}

/** More than this in 10 minutes is a flood (ISA-18.2). */
const FLOOD_ALARMS = 10;
const FLOOD_MS = 600_000;

export function isFlood(alarms: Alarm[], nowMs: number): boolean {
  const fresh = alarms.filter((alarm) => alarm.raised !== null && nowMs - Date.parse(alarm.raised) <= FLOOD_MS);
  return fresh.length > FLOOD_ALARMS;
}

function groupedBy(alarms: Alarm[], by: 'place' | 'cause', keyOf: (alarm: Alarm) => string): Row[] {
  return [...grouped(alarms, keyOf)].map(([key, members]) =>
    members.length === 1 ? single(members[0] as Alarm) : { id: `${by} ${key}`, alarms: members, by },
  );
}

const single = (alarm: Alarm): Row => ({ id: alarm.alarm, alarms: [alarm], by: 'one' });

const byPlace = (alarms: Alarm[]): Row[] => groupedBy(alarms, 'place', (alarm) => `${alarm.place ?? ''} ${alarm.class}`);
const byCause = (alarms: Alarm[]): Row[] => groupedBy(alarms, 'cause', (alarm) => alarm.class);

const isGrave = (alarm: Alarm): boolean => alarm.priority === 'emergency' || alarm.priority === 'urgent';

/** The rows in the order in which the first alarm of each stands in `alarms`. */
function inPlace(rows: Row[], alarms: Alarm[]): Row[] {
  const at = new Map(alarms.map((alarm, index) => [alarm, index]));
  const first = (row: Row) => at.get(row.alarms[0] as Alarm) ?? 0;
  return rows.sort((a, b) => first(a) - first(b));
}

/** Where rows can be scrolled to: more than `room` are by cause, but for the grave ones, which keep their places. */
export function longRowsOf(alarms: Alarm[], room: number, nowMs: number): Row[] {
  if (alarms.length <= room && !isFlood(alarms, nowMs)) return alarms.map(single);
  const places = byPlace(alarms);
  if (places.length <= room) return places;
  const grave = byPlace(alarms.filter(isGrave));
  return inPlace([...grave, ...byCause(alarms.filter((alarm) => !isGrave(alarm)))], alarms);
}

/**
 * `alarms` in their order as rows, `room` of which can be seen and no more. Grouped by place and cause in a flood or
 * when there are too many; when these are too many as well the first keep their rows and the others are by cause;
 * what does not fit even so shares the last row.
 */
export function rowsOf(alarms: Alarm[], room: number, nowMs: number): Row[] {
  const long = longRowsOf(alarms, room, nowMs);
  if (long.length <= room) return long;
  const causes = byCause(alarms);
  if (causes.length <= room) {
    const first = long.slice(0, room - causes.length);
    const shown = new Set(first.flatMap((row) => row.alarms));
    return [...first, ...byCause(alarms.filter((alarm) => !shown.has(alarm)))];
  }
  const rest = causes.splice(Math.max(room - 1, 0)).flatMap((row) => row.alarms);
  return [...causes, { id: 'rest', alarms: rest, by: 'rest' }];
}
