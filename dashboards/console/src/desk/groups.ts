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

/**
 * `alarms` in their order as rows, `room` of which can be seen. Grouped by place and cause in a flood or when there
 * are too many, by cause alone when these are too many as well; what does not fit even so shares the last row.
 */
export function rowsOf(alarms: Alarm[], room: number, nowMs: number): Row[] {
  if (alarms.length <= room && !isFlood(alarms, nowMs)) return alarms.map(single);
  const byPlace = groupedBy(alarms, 'place', (alarm) => `${alarm.place ?? ''} ${alarm.class}`);
  if (byPlace.length <= room) return byPlace;
  const rows = groupedBy(alarms, 'cause', (alarm) => alarm.class);
  if (rows.length <= room) return rows;
  const rest = rows.splice(Math.max(room - 1, 0)).flatMap((row) => row.alarms);
  return [...rows, { id: 'rest', alarms: rest, by: 'rest' }];
}
