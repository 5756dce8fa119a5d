// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { typeOf } from '../live/alarms';
import { link } from '../live/link';
import type { ConsoleEvent } from '../types';
import { pick, tAny } from '../words';

const RETRY_MS = 2000;

export interface EventsPage {
  events: ConsoleEvent[];
  last_seq: number;
}

export const eventWord = (event: ConsoleEvent): string => tAny(`event.${typeOf(event)}`) ?? typeOf(event);

export const eventText = (event: ConsoleEvent): string => pick(event.data.text ?? null) || event.subject;

/** The newest events of a question, asked again when there are newer ones. */
export function useNewest(query: string): { page: EventsPage | null; problem: string | null } {
  const [page, setPage] = useState<EventsPage | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [tries, setTries] = useState(0);
  const seq = link.table?.seq ?? 0;
  useEffect(() => {
    let isWanted = true;
    let retry: ReturnType<typeof setTimeout> | undefined;
    api<EventsPage>('GET', `/api/v1/events?newest=1&${query}`).then(
      (next) => {
        if (!isWanted) return;
        setPage(next);
        setProblem(null);
      },
      (reason: Error) => {
        if (!isWanted) return;
        setProblem(reason.message);
        retry = setTimeout(() => setTries((count) => count + 1), RETRY_MS);
      },
    );
    return () => {
      isWanted = false;
      clearTimeout(retry);
    };
  }, [query, seq, tries]);
  return { page, problem };
}
