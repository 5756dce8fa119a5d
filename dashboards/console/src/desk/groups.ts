// SPDX-License-Identifier: Apache-2.0
// The alarms as the desk lists them. When more come than anybody can read they are grouped by place and cause;
// every alarm is in exactly one row, and no row is left out.
import { grouped } from '../live/grouped';
import type { Alarm } from '../types';

export interface Row {
  id: string;
  /** The first is the one to begin with. */
  alarms: Alarm[];
  /** What its alarms have in common, and so what they are called by; in the rest there is no emergency. */
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

/** A test and what is in earnest are two causes: one must not be taken for the other. */
const causeOf = (alarm: Alarm): string => (alarm.state.test ? `${alarm.class} test` : alarm.class);

const byPlace = (alarms: Alarm[]): Row[] => groupedBy(alarms, 'place', (alarm) => `${alarm.place ?? ''} ${causeOf(alarm)}`);
const byCause = (alarms: Alarm[]): Row[] => groupedBy(alarms, 'cause', causeOf);

const isEmergency = (alarm: Alarm): boolean => alarm.priority === 'emergency' && !alarm.state.test;
const isGrave = (alarm: Alarm): boolean => isEmergency(alarm) || (alarm.priority === 'urgent' && !alarm.state.test);

/** A test takes no room from what is in earnest. */
const testsLast = (alarms: Alarm[]): Alarm[] => [
  ...alarms.filter(({ state }) => !state.test),
  ...alarms.filter(({ state }) => state.test),
];

/** The rows in the order in which the first alarm of each stands in `alarms`. */
function inPlace(rows: Row[], alarms: Alarm[]): Row[] {
  const at = new Map(alarms.map((alarm, index) => [alarm, index]));
  const first = (row: Row) => at.get(row.alarms[0] as Alarm) ?? 0;
  return rows.sort((a, b) => first(a) - first(b));
}

/** Where rows can be scrolled to: more than `room` are by cause, but for the grave ones, which keep their places. */
export function longRowsOf(all: Alarm[], room: number, nowMs: number): Row[] {
  const alarms = testsLast(all);
  if (alarms.length <= room && !isFlood(alarms, nowMs)) return alarms.map(single);
  const places = byPlace(alarms);
  if (places.length <= room) return places;
  const grave = byPlace(alarms.filter(isGrave));
  return inPlace([...grave, ...byCause(alarms.filter((alarm) => !isGrave(alarm)))], alarms);
}

/** One row for all of `rows`. */
function shared(id: 'cause emergency' | 'rest', by: 'cause' | 'rest', rows: Row[]): Row[] {
  return rows.length > 1 ? [{ id, by, alarms: rows.flatMap((row) => row.alarms) }] : rows;
}

/** More causes than there is room for: emergencies share a row of their own, and what is none the last one. */
function sharedRows(causes: Row[], room: number): Row[] {
  const emergencies = causes.filter((row) => row.alarms.some(isEmergency));
  const others = causes.filter((row) => !emergencies.includes(row));
  if (emergencies.length > 0 && room < 2) return shared('cause emergency', 'cause', [...emergencies, ...others]);
  const most = others.length > 0 ? room - 1 : room;
  const fit = emergencies.length <= most ? emergencies.length : most - 1;
  const above = [...emergencies.slice(0, fit), ...shared('cause emergency', 'cause', emergencies.slice(fit))];
  const left = Math.max(room - above.length - 1, 0);
  return [...above, ...others.slice(0, left), ...shared('rest', 'rest', others.slice(left))];
}

/**
 * `all` alarms in their order as rows, `room` of which can be seen and no more. Grouped by place and cause in a flood
 * or when there are too many; when these are too many as well the first keep their rows and the others are by cause;
 * what does not fit even so shares a row.
 */
export function rowsOf(all: Alarm[], room: number, nowMs: number): Row[] {
  const alarms = testsLast(all);
  const long = longRowsOf(alarms, room, nowMs);
  if (long.length <= room) return long;
  const causes = byCause(alarms);
  if (causes.length <= room) {
    const first = long.slice(0, room - causes.length);
    const shown = new Set(first.flatMap((row) => row.alarms));
    return [...first, ...byCause(alarms.filter((alarm) => !shown.has(alarm)))];
  }
  return sharedRows(causes, room);
}
