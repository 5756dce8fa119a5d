// SPDX-License-Identifier: Apache-2.0
// When the shift began that somebody hands over: the turn of one of the site's, or a time of day of their own.
import type { Role, Text } from '../types';

/** As the server tells of it. */
export interface Shift {
  shift: string;
  name: Text;
  /** Whose it is; null: nobody's in particular. */
  role: Role | null;
  on_duty: boolean;
  /** Null: it is always on duty. */
  began: string | null;
  /** When the turn before began. */
  began_before: string | null;
}

export interface Choice {
  value: string;
  /** Null: it is a time of day. */
  turn: { shift: string; name: Text; role: Role | null; began: number } | null;
}

/** Of a site without shifts. */
const USUAL = '08:00';
const SHIFT = 'shift:';
/** "00:00", "00:30", … */
const CLOCKS = Array.from({ length: 48 }, (_, half) => `${String(half >> 1).padStart(2, '0')}:${half % 2 === 0 ? '00' : '30'}`);

const DAY_MIN = 24 * 60;

/** "20:00" of the site, the last time it was that late: the moment in ms. */
export function beginOf(clock: string, nowMs: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en', { hour: 'numeric', minute: 'numeric', hourCycle: 'h23', timeZone });
  const parts = Object.fromEntries(format.formatToParts(nowMs).map((part) => [part.type, part.value]));
  const now = Number(parts['hour']) * 60 + Number(parts['minute']);
  const [hour = 0, minute = 0] = clock.split(':').map(Number);
  const ago = (now - (hour * 60 + minute) + DAY_MIN) % DAY_MIN;
  return Math.floor(nowMs / 60_000) * 60_000 - ago * 60_000;
}

/** So long after a turn began it is the one before it that is handed over. */
const HANDING_OVER_MS = 3600_000;

/** When the turn began that is handed over now. */
function handedOver(began: string, before: string | null, nowMs: number): number {
  const isNew = nowMs - Date.parse(began) < HANDING_OVER_MS;
  return Date.parse(isNew && before !== null ? before : began);
}

/** What can be chosen: the shifts that have turns, those on duty first, then times of day. */
export function choicesOf(shifts: Shift[], nowMs: number): Choice[] {
  const byDuty = [...shifts].sort((a, b) => Number(b.on_duty) - Number(a.on_duty));
  return [
    ...byDuty.flatMap(({ shift, name, role, began, began_before: before }) =>
      began === null ? [] : [{ value: SHIFT + shift, turn: { shift, name, role, began: handedOver(began, before, nowMs) } }],
    ),
    ...CLOCKS.map((value) => ({ value, turn: null })),
  ];
}

/** What is chosen where `kept` was chosen before: a shift that is no more is nobody's choice. */
export function chosenOf(kept: string | null, choices: Choice[]): string {
  if (kept !== null && choices.some((each) => each.value === kept)) return kept;
  return choices.find((each) => each.turn !== null)?.value ?? USUAL;
}

/** The moment in ms that a choice stands for. */
export function momentOf(chosen: string, choices: Choice[], nowMs: number, timeZone: string): number {
  const turn = choices.find((each) => each.value === chosen)?.turn ?? null;
  return turn === null ? beginOf(chosen, nowMs, timeZone) : turn.began;
}
