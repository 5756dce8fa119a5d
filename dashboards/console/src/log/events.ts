// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { typeOf } from '../live/alarms';
import { link } from '../live/link';
import type { ConsoleEvent } from '../types';
import { tAny } from '../words';
import type { Ask, EventsPage } from './older';

/** Between two questions: in a storm, and while the server refuses, it is asked no more often. */
const PAUSE_MS = 500;

export const eventWord = (event: ConsoleEvent): string => tAny(`event.${typeOf(event)}`) ?? typeOf(event);

export const newestEvents = (query: string): Promise<EventsPage> =>
  api<EventsPage>('GET', `/api/v1/events?newest=1&${query}`);

/** Ask for the newest of `query`, and for older ones. */
export const backFrom =
  (query: string): Ask =>
  (before) =>
    newestEvents(before === null ? query : `${query}&before=${before}`);

/** What `ask` finds, asked again when there are newer events. `about` says what is asked: another is asked at once. */
export function useAsked<Answer>(about: string, ask: () => Promise<Answer>) {
  const [found, setFound] = useState<{ about: string; answer: Answer } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let isWanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asked: number | null = null;
    const look = async () => {
      const seq = link.table?.seq ?? 0;
      try {
        if (seq !== asked) {
          const answer = await ask();
          if (isWanted) setFound({ about, answer });
          asked = seq;
        }
        if (isWanted) setProblem(null);
      } catch (reason) {
        if (isWanted) setProblem((reason as Error).message);
      }
      if (isWanted) timer = setTimeout(() => void look(), PAUSE_MS);
    };
    void look();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [about]);
  return { answer: found?.about === about ? found.answer : null, problem };
}

/** The newest events of a question. */
export function useNewest(query: string): { page: EventsPage | null; problem: string | null } {
  const { answer, problem } = useAsked(query, () => newestEvents(query));
  return { page: answer, problem };
}
