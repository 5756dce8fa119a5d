// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { typeOf } from '../live/alarms';
import { link } from '../live/link';
import type { ConsoleEvent } from '../types';
import type { Ask, EventsPage } from './older';
import { type AskNewer, type Read, readNewer, readNewest, readOlder } from './record';
import { logWordOf } from './words';

/** Between two questions: in a storm, and while the server refuses, it is asked no more often. */
const PAUSE_MS = 500;

export const eventWord = (event: ConsoleEvent): string => logWordOf(`event.${typeOf(event)}`) ?? typeOf(event);

export const newestEvents = (query: string): Promise<EventsPage> =>
  api<EventsPage>('GET', `/api/v1/events?newest=1&${query}`);

/** Ask for the newest of `query`, and for older ones. */
export const backFrom =
  (query: string): Ask =>
  (before) =>
    newestEvents(before === null ? query : `${query}&before=${before}`);

/** Ask for those of `query` that came after one. */
export const onFrom =
  (query: string): AskNewer =>
  (after) =>
    api<EventsPage>('GET', `/api/v1/events?after=${after}&${query}`);

/** What `ask` finds, asked once for what `about` says, and again while it is refused. */
export function useOnce<Answer>(about: string, ask: () => Promise<Answer>): Answer | null {
  const [found, setFound] = useState<{ about: string; answer: Answer } | null>(null);
  useEffect(() => {
    let isWanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () =>
      void ask().then(
        (answer) => isWanted && setFound({ about, answer }),
        () => {
          if (isWanted) timer = setTimeout(look, PAUSE_MS);
        },
      );
    look();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [about]);
  return found?.about === about ? found.answer : null;
}

export interface Reading {
  /** Null until something is known. */
  read: Read | null;
  problem: string | null;
  /** Read the next older ones; what was read of them stays. */
  readOlder: () => void;
}

/** What is being read, one question after the other. */
interface Kept {
  read: Read | null;
  rowsMax: number;
  turn: Promise<void>;
}

/**
 * The record of `query`, kept up with what comes. `begin` reads it first, the newest rows unless told otherwise; `about`
 * says what is asked for beside the query. As more is read back, more is kept.
 */
export function useRecord(
  query: string,
  rowsMax: number,
  about = '',
  begin: (ask: Ask, seq: number) => Promise<Read> = (ask, seq) => readNewest(ask, seq, rowsMax),
): Reading {
  const key = `${query} ${about}`;
  const [shown, setShown] = useState<{ key: string; read: Read | null; problem: string | null }>({ key, read: null, problem: null });
  const kept = useRef<Kept>({ read: null, rowsMax, turn: Promise.resolve() });
  /** In its turn; what nobody asks for any more is not shown. */
  const take = (own: Kept, reading: () => Promise<Read | null>): Promise<void> => {
    own.turn = own.turn.then(async () => {
      let problem: string | null = null;
      try {
        own.read = await reading();
      } catch (reason) {
        problem = (reason as Error).message;
      }
      if (kept.current === own) setShown({ key, read: own.read, problem });
    });
    return own.turn;
  };
  useEffect(() => {
    const own: Kept = { read: null, rowsMax, turn: Promise.resolve() };
    kept.current = own;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      const seq = link.table?.seq ?? 0;
      const { read } = own;
      if (read === null) await take(own, () => begin(backFrom(query), seq));
      else if (read.seq < seq) await take(own, () => readNewer(onFrom(query), own.read ?? read, seq, own.rowsMax));
      if (kept.current === own) timer = setTimeout(() => void look(), PAUSE_MS);
    };
    void look();
    return () => {
      if (kept.current === own) kept.current = { ...own };
      clearTimeout(timer);
    };
  }, [key]);
  const older = () => {
    const own = kept.current;
    void take(own, async () => {
      if (own.read === null) return null;
      const next = await readOlder(backFrom(query), own.read);
      own.rowsMax = Math.max(own.rowsMax, next.events.length + rowsMax);
      return next;
    });
  };
  const isOf = shown.key === key;
  return { read: isOf ? shown.read : null, problem: isOf ? shown.problem : null, readOlder: older };
}
