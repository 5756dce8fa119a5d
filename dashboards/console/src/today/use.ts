// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { link } from '../live/link';
import type { EventsPage } from '../log/older';
import type { ConsoleEvent } from '../types';
import { count, dayOf, emptyTally, type Tally } from './tally';

const PAGE_ROWS = 1000;
/** No day is read further back than so many events; beyond, the counts are "at least". */
const PAGES_MAX = 20;
const RETRY_MS = 5000;

export interface Today {
  tally: Tally;
  /** There were more events than are read. */
  isCut: boolean;
}

interface Kept extends Today {
  day: string;
  seq: number;
}

const today = (): string => dayOf(link.serverNow(), link.table?.site.timezone ?? 'UTC');

const dayOfEvent = (event: ConsoleEvent): string => dayOf(Date.parse(event.time), link.table?.site.timezone ?? 'UTC');

/** Everything of the day, the newest page first. */
async function readDay(day: string): Promise<Kept> {
  const kept: Kept = { day, seq: 0, tally: emptyTally(), isCut: false };
  let before: number | null = null;
  for (let page = 0; page < PAGES_MAX; page++) {
    const query: string = before === null ? '' : `&before=${before}`;
    const { events } = await api<EventsPage>('GET', `/api/v1/events?newest=1&limit=${PAGE_ROWS}${query}`);
    const ofDay = events.filter((event) => dayOfEvent(event) === day);
    ofDay.forEach((event) => count(kept.tally, event));
    kept.seq = Math.max(kept.seq, events[0]?.sequence ?? 0);
    const oldest = events.at(-1)?.sequence ?? 1;
    if (ofDay.length < events.length || oldest <= 1) return kept;
    before = oldest;
  }
  return { ...kept, isCut: true };
}

/** What came after, up to the event `wanted` at least. */
async function readOn(kept: Kept, wanted: number): Promise<Kept> {
  const { events } = await api<EventsPage>('GET', `/api/v1/events?after=${kept.seq}&limit=${PAGE_ROWS}`);
  for (const event of events) if (dayOfEvent(event) === kept.day) count(kept.tally, event);
  const seq = events.at(-1)?.sequence ?? kept.seq;
  return events.length === PAGE_ROWS ? readOn({ ...kept, seq }, wanted) : { ...kept, seq: Math.max(seq, wanted) };
}

/** The counts of the site's day, up to the last event; null until they are known. */
export function useToday(): Today | null {
  const [kept, setKept] = useState<Kept | null>(null);
  const [tries, setTries] = useState(0);
  const latest = useRef<Kept | null>(null);
  const isBusy = useRef(false);
  const seq = link.table?.seq ?? null;
  const day = seq === null ? null : today();
  useEffect(() => {
    let retry: ReturnType<typeof setTimeout> | undefined;
    const known = latest.current;
    if (seq === null || day === null || isBusy.current) return undefined;
    if (known !== null && known.day === day && known.seq >= seq) return undefined;
    isBusy.current = true;
    const reading = known !== null && known.day === day ? readOn(known, seq) : readDay(day);
    reading.then(
      (next) => {
        latest.current = next;
        isBusy.current = false;
        setKept(next);
      },
      () => {
        isBusy.current = false;
        retry = setTimeout(() => setTries((before) => before + 1), RETRY_MS);
      },
    );
    return () => clearTimeout(retry);
  }, [seq, day, tries, kept]);
  return kept;
}
