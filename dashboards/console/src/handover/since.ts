// SPDX-License-Identifier: Apache-2.0
// What happened since a shift began.
import { type Ask, readBack } from '../log/older';
import type { ConsoleEvent } from '../types';

/** More than this is no handover any more; the page says that it ends there. */
const ROWS_MAX = 2000;

export interface Since {
  /** The newest first. */
  events: ConsoleEvent[];
  isAll: boolean;
}

/** The events since `beginMs` of those that `ask` finds. */
export async function eventsSince(ask: Ask, beginMs: number): Promise<Since> {
  const events: ConsoleEvent[] = [];
  const isSince = (event: ConsoleEvent) => Date.parse(event.time) >= beginMs;
  const isAll = await readBack(ask, isSince, (event) => events.push(event), ROWS_MAX);
  return { events, isAll };
}
