// SPDX-License-Identifier: Apache-2.0
// What happened today, counted by class.
import { typeOf } from '../live/alarms';
import type { ConsoleEvent, Priority } from '../types';

export interface Tally {
  /** Alarms raised, by class; tests are not among them. */
  alarms: Map<string, number>;
  priorities: Map<Priority, number>;
  /** Other events that a bulletin names, by type. */
  events: Map<string, number>;
  acknowledged: number;
  falseAlarms: number;
}

const NAMED = ['access.granted', 'access.denied', 'patrol.checkpoint', 'test.begun', 'flood.begun', 'system.started'];
const FALSE = ['misuse', 'equipment'];

export const emptyTally = (): Tally => ({
  alarms: new Map(),
  priorities: new Map(),
  events: new Map(),
  acknowledged: 0,
  falseAlarms: 0,
});

/** Made once for each zone: the browser takes long to make one, and a day has thousands of events. */
const days = new Map<string, Intl.DateTimeFormat>();

/** The day of the site's calendar, such as 2026-11-27. */
export function dayOf(ms: number, timeZone: string): string {
  let format = days.get(timeZone);
  if (format === undefined) days.set(timeZone, (format = new Intl.DateTimeFormat('en-CA', { dateStyle: 'short', timeZone })));
  return format.format(ms);
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export function count(tally: Tally, event: ConsoleEvent): void {
  const type = typeOf(event);
  const { class: cause, priority, state, disposition } = event.data;
  if (type === 'alarm.raised' && cause !== undefined && priority !== undefined && state?.test !== true) {
    add(tally.alarms, cause);
    add(tally.priorities, priority);
  } else if (type === 'alarm.acknowledged' && state?.test !== true) {
    tally.acknowledged++;
  } else if (NAMED.includes(type)) {
    add(tally.events, type);
  }
  if ((type === 'alarm.disposed' || type === 'alarm.reset') && FALSE.includes(disposition ?? '')) tally.falseAlarms++;
}

/** The largest first. */
export const ranked = <Key extends string>(counts: Map<Key, number>): [Key, number][] =>
  [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
