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

export const isEmergency = (alarm: Alarm): boolean => alarm.priority === 'emergency' && !alarm.state.test;
const isGrave = (alarm: Alarm): boolean => isEmergency(alarm) || (alarm.priority === 'urgent' && !alarm.state.test);
/** An emergency for which nobody has answered. */
export const isAwaited = (alarm: Alarm): boolean => isEmergency(alarm) && !alarm.state.acked;

/**
 * A test and what is in earnest are two causes, and so are an emergency to which somebody is going and one that waits:
 * one must not be taken for the other.
 */
function causeOf(alarm: Alarm): string {
  if (alarm.state.test) return `${alarm.class} test`;
  return isEmergency(alarm) && alarm.state.acked ? `${alarm.class} answered` : alarm.class;
}

const byPlace = (alarms: Alarm[]): Row[] => groupedBy(alarms, 'place', (alarm) => `${alarm.place ?? ''} ${causeOf(alarm)}`);
const byCause = (alarms: Alarm[]): Row[] => groupedBy(alarms, 'cause', causeOf);

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

type Shared = 'cause emergency' | 'cause emergency answered' | 'rest';

/** At most `room` rows of `rows`: what does not fit shares the last one. */
function atMost(room: number, id: Shared, rows: Row[]): Row[] {
  if (rows.length <= room) return rows;
  const by = id === 'rest' ? 'rest' : 'cause';
  return [...rows.slice(0, room - 1), { id, by, alarms: rows.slice(room - 1).flatMap((row) => row.alarms) }];
}

/**
 * More causes than there is room for: the emergencies that wait, those to which somebody is going, and what is no
 * emergency each have a row at least as far as that goes, and the first of these have what is left.
 */
function sharedRows(causes: Row[], room: number): Row[] {
  const awaited = causes.filter((row) => row.alarms.some(isAwaited));
  const answered = causes.filter((row) => row.alarms.some(isEmergency) && !awaited.includes(row));
  const others = causes.filter((row) => !row.alarms.some(isEmergency));
  const parts: [Shared, Row[]][] = [['cause emergency', awaited], ['cause emergency answered', answered], ['rest', others]];
  const sections = parts.filter(([, rows]) => rows.length > 0);
  if (room < sections.length) {
    if (room < 2) return atMost(1, sections[0]?.[0] ?? 'rest', sections.flatMap(([, rows]) => rows));
    return [...atMost(1, 'cause emergency', [...awaited, ...answered]), ...atMost(1, 'rest', others)];
  }
  let spare = room - sections.length;
  return sections.flatMap(([id, rows]) => {
    const more = Math.min(spare, rows.length - 1);
    spare -= more;
    return atMost(1 + more, id, rows);
  });
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
    let rows = causes;
    for (let count = 1; count < long.length; count++) {
      const first = long.slice(0, count);
      const shown = new Set(first.flatMap((row) => row.alarms));
      const next = [...first, ...byCause(alarms.filter((alarm) => !shown.has(alarm)))];
      if (next.length > room) break;
      rows = next;
    }
    return rows;
  }
  return sharedRows(causes, room);
}
