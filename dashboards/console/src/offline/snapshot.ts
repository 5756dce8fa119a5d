// SPDX-License-Identifier: Apache-2.0
// What was last known, kept for a phone that is opened without a network. It is shown on the curtain with its age and
// nowhere else: nothing that is live is ever made of it.
import type { LiveTable } from '../live/messages';
import type { Alarm, Site } from '../types';

const KEPT = 'tocsin.snapshot';
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

/** Writing takes time that a page has not in a storm. */
const KEEP_MS = 2000;

interface Kept {
  known: Known;
  serverMs: number;
  deviceMs: number;
}

let table: LiveTable | null = null;
let heard: { serverMs: number; deviceMs: number } | null = null;
let timer: ReturnType<typeof setTimeout> | null = null;

export function keepTable(newest: LiveTable): void {
  table = newest;
  timer ??= setTimeout(keep, KEEP_MS);
}

export function keepContact(serverMs: number): void {
  heard = { serverMs, deviceMs: Date.now() };
  timer ??= setTimeout(keep, KEEP_MS);
}

function keep(): void {
  if (timer !== null) clearTimeout(timer);
  timer = null;
  if (table === null || heard === null) return;
  const { site, alarms, aside } = table;
  const kept: Kept = { known: { site, alarms: alarms.slice(0, ROWS_MAX), aside: aside.slice(0, ROWS_MAX) }, ...heard };
  try {
    localStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // A device without room has no snapshot; half of one would be worse.
    forget();
  }
}

/** A page that goes away, also into the background of a phone, may not come back to write. */
addEventListener('pagehide', keep);

export function forget(): void {
  table = null;
  heard = null;
  localStorage.removeItem(KEPT);
}

export function lastKnown(): Snapshot | null {
  const text = localStorage.getItem(KEPT);
  if (text === null) return null;
  const kept = read(text);
  const ageMs = Date.now() - (kept?.deviceMs ?? 0);
  if (kept !== null && ageMs >= 0 && ageMs <= AGE_MAX_MS) return { known: kept.known, heardMs: kept.serverMs, ageMs };
  forget();
  return null;
}

/** Null for what was cut off, or kept by another version: it must not keep the curtain from coming. */
function read(text: string): Kept | null {
  try {
    const kept = JSON.parse(text) as Partial<Kept>;
    const { site, alarms, aside } = kept.known ?? {};
    return site?.timezone && Array.isArray(alarms) && Array.isArray(aside) ? (kept as Kept) : null;
  } catch {
    return null;
  }
}
