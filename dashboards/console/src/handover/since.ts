// SPDX-License-Identifier: Apache-2.0
// What happened since a shift began.
import { newestEvents } from '../log/events';
import type { ConsoleEvent } from '../types';

const PAGE_ROWS = 500;
/** More than this is no handover any more; the page says that it ends there. */
const PAGES_MAX = 4;

export interface Since {
  /** The newest first. */
  events: ConsoleEvent[];
  isAll: boolean;
}

/** The events of alarms since `beginMs`. */
export async function eventsSince(beginMs: number): Promise<Since> {
  const events: ConsoleEvent[] = [];
  let before = '';
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = (await newestEvents(`lane=alarm&limit=${PAGE_ROWS}${before}`)).events;
    const since = page.filter((event) => Date.parse(event.time) >= beginMs);
    events.push(...since);
    if (since.length < PAGE_ROWS) return { events, isAll: true };
    before = `&before=${page.at(-1)?.sequence ?? 1}`;
  }
  return { events, isAll: false };
}
