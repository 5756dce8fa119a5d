// SPDX-License-Identifier: Apache-2.0
// Reading back in the record of events.
import type { ConsoleEvent } from '../types';

/** Questions for one page of older events: the server looks at some thousand events for each. */
const QUESTIONS_MAX = 20;

export interface EventsPage {
  events: ConsoleEvent[];
  /** Of the last that was looked at, whether or not it fits; 0: there was none any more. */
  last_seq: number;
}

/** Where older events than those of a page begin, as `before`; 0: there are none. */
export const olderThan = (page: EventsPage): number => (page.last_seq > 1 ? page.last_seq : 0);

/** The next older ones. Where few fit, `ask` is called until one does, but not without end. */
export async function olderEvents(ask: (before: number) => Promise<EventsPage>, before: number): Promise<EventsPage> {
  let page: EventsPage = { events: [], last_seq: before };
  for (let asked = 0; asked < QUESTIONS_MAX && page.events.length === 0 && olderThan(page) > 0; asked++) {
    page = await ask(olderThan(page));
  }
  return page;
}
