// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { link } from '../live/link';
import { backFrom } from '../log/events';
import type { EventsPage } from '../log/older';
import { type Kept, readDay, readOn, type Today } from './read';
import { dayOf } from './tally';

const PAGE_ROWS = 1000;
const RETRY_MS = 5000;

const older = backFrom(`limit=${PAGE_ROWS}`);
const newer = (after: number) => api<EventsPage>('GET', `/api/v1/events?after=${after}&limit=${PAGE_ROWS}`);

/** The counts of the site's day, up to the last event; null until they are known. */
export function useToday(): Today | null {
  const [kept, setKept] = useState<Kept | null>(null);
  const [tries, setTries] = useState(0);
  const latest = useRef<Kept | null>(null);
  const isBusy = useRef(false);
  const seq = link.table?.seq ?? null;
  const zone = link.table?.site.timezone ?? 'UTC';
  const day = seq === null ? null : dayOf(link.serverNow(), zone);
  useEffect(() => {
    let retry: ReturnType<typeof setTimeout> | undefined;
    const known = latest.current;
    if (seq === null || day === null || isBusy.current) return undefined;
    if (known !== null && known.day === day && known.seq >= seq) return undefined;
    isBusy.current = true;
    const reading = known !== null && known.day === day ? readOn(newer, known, seq, zone) : readDay(older, day, zone);
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
