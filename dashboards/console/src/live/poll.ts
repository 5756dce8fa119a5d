// SPDX-License-Identifier: Apache-2.0
// What the line does not tell is asked for again and again, and carries its age.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';

export interface Polled<Body> {
  body: Body | null;
  problem: string | null;
  /** How long ago the body came. */
  ageMs: () => number;
  /** Ask at once. */
  again: () => void;
  /** Three questions in a row had no answer: what is shown is no longer the present. */
  isStale: () => boolean;
}

const STALE_INTERVALS = 3;

/** Ask by `read` each `everyMs`, one question at a time, as long as the page is open. */
export function usePoll<Body>(read: () => Promise<Body>, everyMs: number): Polled<Body> {
  const [state, setState] = useState<{ body: Body | null; problem: string | null; cameMs: number }>(() => ({
    body: null,
    problem: null,
    cameMs: performance.now(),
  }));
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let isWanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const body = await read();
        if (isWanted) setState({ body, problem: null, cameMs: performance.now() });
      } catch (reason) {
        if (isWanted) setState((before) => ({ ...before, problem: (reason as Error).message }));
      }
      if (isWanted) timer = setTimeout(() => void ask(), everyMs);
    };
    void ask();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [asked]);
  const again = () => setAsked((count) => count + 1);
  const ageMs = () => performance.now() - state.cameMs;
  return { body: state.body, problem: state.problem, ageMs, again, isStale: () => ageMs() > STALE_INTERVALS * everyMs };
}

/** All rows of a list that comes in pages. */
export async function allRows<Row>(path: string, key: string): Promise<Row[]> {
  const rows: Row[] = [];
  let from: number | null = 0;
  while (from !== null) {
    const page: Record<string, unknown> = await api('GET', `${path}${path.includes('?') ? '&' : '?'}from=${from}`);
    rows.push(...(page[key] as Row[]));
    from = page['next'] as number | null;
  }
  return rows;
}
