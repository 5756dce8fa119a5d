// SPDX-License-Identifier: Apache-2.0
// Reading back in the record of events.
import type { ConsoleEvent } from '../types';

/** Questions for one answer: the server looks at some thousand events for each. */
export const QUESTIONS_MAX = 20;

/** The newest events of a question, or the newest before one. */
export type Ask = (before: number | null) => Promise<EventsPage>;

export interface EventsPage {
  events: ConsoleEvent[];
  /** Of the last that was looked at, whether or not it fits; 0: there was none any more. */
  last_seq: number;
}

/** Where older events than those of a page begin, as `before`; 0: there are none. */
export const olderThan = (page: EventsPage): number => (page.last_seq > 1 ? page.last_seq : 0);

/**
 * Read back from the newest until one is not wanted any more or there are none: a page that is not full is not the last.
 * Returns where what is left out begins, as `before`, when so many were taken or asked for so often; 0: nothing is.
 */
export async function readBack(
  ask: Ask,
  isWanted: (event: ConsoleEvent) => boolean,
  take: (event: ConsoleEvent) => void,
  rowsMax: number,
): Promise<number> {
  let before: number | null = null;
  for (let asked = 0, taken = 0; asked < QUESTIONS_MAX && taken < rowsMax; asked++) {
    const page: EventsPage = await ask(before);
    const wanted = page.events.filter(isWanted);
    wanted.forEach(take);
    taken += wanted.length;
    if (wanted.length < page.events.length || olderThan(page) === 0) return 0;
    before = olderThan(page);
  }
  return before ?? 0;
}

/** The next older ones. Where few fit, `ask` is called until one does, but not without end. */
export async function olderEvents(ask: Ask, before: number): Promise<EventsPage> {
  let page: EventsPage = { events: [], last_seq: before };
  for (let asked = 0; asked < QUESTIONS_MAX && page.events.length === 0 && olderThan(page) > 0; asked++) {
    page = await ask(olderThan(page));
  }
  return page;
}
