// SPDX-License-Identifier: Apache-2.0
// Counting what was recorded on the site's day, first back to its begin, then on with what comes.
import { type Ask, type EventsPage, readBack } from '../log/older';
import { count, dayOf, emptyTally, type Tally } from './tally';

/** No day is read further back than so many events; beyond, the counts are "at least". */
const ROWS_MAX = 20_000;

export interface Today {
  tally: Tally;
  /** There were more events than are read. */
  isCut: boolean;
}

export interface Kept extends Today {
  day: string;
  /** Everything up to this event is counted. */
  seq: number;
}

/** Everything of the day. */
export async function readDay(older: Ask, day: string, zone: string): Promise<Kept> {
  const kept: Kept = { day, seq: 0, tally: emptyTally(), isCut: false };
  const ask: Ask = async (before) => {
    const page = await older(before);
    kept.seq = Math.max(kept.seq, page.events[0]?.sequence ?? 0);
    return page;
  };
  const left = await readBack(
    ask,
    (event) => dayOf(Date.parse(event.time), zone) === day,
    (event) => count(kept.tally, event),
    ROWS_MAX,
  );
  return { ...kept, isCut: left > 0 };
}

/** A page of what came after. It may end before the event `wanted`: then there is more to be read. */
export async function readOn(
  newer: (after: number) => Promise<EventsPage>,
  kept: Kept,
  wanted: number,
  zone: string,
): Promise<Kept> {
  const page = await newer(kept.seq);
  for (const event of page.events) if (dayOf(Date.parse(event.time), zone) === kept.day) count(kept.tally, event);
  return { ...kept, seq: page.last_seq === 0 ? wanted : page.last_seq };
}
