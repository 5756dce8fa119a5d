// SPDX-License-Identifier: Apache-2.0
// What was last known, kept for a phone that is opened without a network. It is shown on the curtain with its age and
// nowhere else: nothing that is live is ever made of it.
import type { LiveTable } from '../live/messages';
import type { Alarm, Site } from '../types';

const TABLE = 'tocsin.snapshot';
const HEARD = 'tocsin.heard';
/** What is older helps nobody, and a phone may be lost. */
const AGE_MAX_MS = 24 * 3600e3;
/** Of a storm the worst are kept. */
const ROWS_MAX = 100;

export interface Known {
  site: Site;
  alarms: Alarm[];
  aside: Alarm[];
}

export interface Snapshot {
  known: Known;
  /** The server's time when it last was true. */
  heardMs: number;
  /** By the clock of this device, which told both ends of it. */
  ageMs: number;
}

export function keepTable({ site, alarms, aside }: LiveTable): void {
  const known: Known = { site, alarms: alarms.slice(0, ROWS_MAX), aside: aside.slice(0, ROWS_MAX) };
  keep(TABLE, known);
}

export const keepContact = (serverMs: number): void => keep(HEARD, { serverMs, deviceMs: Date.now() });

function keep(name: string, value: object): void {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A device without room has no snapshot; half of one would be worse.
    forget();
  }
}

export function forget(): void {
  localStorage.removeItem(TABLE);
  localStorage.removeItem(HEARD);
}

export function lastKnown(): Snapshot | null {
  const table = localStorage.getItem(TABLE);
  const heard = localStorage.getItem(HEARD);
  if (table === null || heard === null) return null;
  const { serverMs, deviceMs } = JSON.parse(heard) as { serverMs: number; deviceMs: number };
  const ageMs = Date.now() - deviceMs;
  if (ageMs >= 0 && ageMs <= AGE_MAX_MS) return { known: JSON.parse(table) as Known, heardMs: serverMs, ageMs };
  forget();
  return null;
}
