// SPDX-License-Identifier: Apache-2.0
// What a page has read of the record for a question. It is read back once and then on with what comes: nothing is asked
// for twice, and between the newest and the oldest of it nothing is left out.
import type { ConsoleEvent } from '../types';
import { type Ask, type EventsPage, olderEvents, olderThan, QUESTIONS_MAX, readBack } from './older';

export interface Read {
  /** The newest first. */
  events: ConsoleEvent[];
  /** Everything up to this one has been looked at. */
  seq: number;
  /** Where older ones begin, as `before`; 0: there are none. */
  before: number;
}

/** Ask for what came after an event. */
export type AskNewer = (after: number) => Promise<EventsPage>;

const newestOf = (events: ConsoleEvent[], seq: number): number => Math.max(seq, events[0]?.sequence ?? 0);

/** Keep no more than `rowsMax`, so that a page that is left open does not grow. */
function bounded(read: Read, rowsMax: number): Read {
  if (read.events.length <= rowsMax) return read;
  const events = read.events.slice(0, rowsMax);
  return { ...read, events, before: events.at(-1)?.sequence ?? 0 };
}

/** Since a moment, at most `rowsMax`: then there are older ones. `seq` is the newest that is known of. */
export async function readSince(ask: Ask, seq: number, beginMs: number, rowsMax: number): Promise<Read> {
  const events: ConsoleEvent[] = [];
  const isSince = (event: ConsoleEvent) => Date.parse(event.time) >= beginMs;
  const before = await readBack(ask, isSince, (event) => events.push(event), rowsMax);
  return bounded({ events, seq: newestOf(events, seq), before }, rowsMax);
}

/** The newest. */
export const readNewest = (ask: Ask, seq: number, rowsMax: number): Promise<Read> => readSince(ask, seq, 0, rowsMax);

/** On with what came, up to `wanted`: as far as some questions lead. */
export async function readNewer(ask: AskNewer, kept: Read, wanted: number, rowsMax: number): Promise<Read> {
  const fresh: ConsoleEvent[] = [];
  let seq = kept.seq;
  for (let asked = 0; asked < QUESTIONS_MAX && seq < wanted; asked++) {
    const page = await ask(seq);
    fresh.push(...page.events);
    const last = page.events.at(-1)?.sequence ?? seq;
    seq = page.last_seq === 0 ? Math.max(wanted, last) : page.last_seq;
  }
  return bounded({ ...kept, events: [...fresh.reverse(), ...kept.events], seq }, rowsMax);
}

/** The next older ones of the same question. */
export async function readOlder(ask: Ask, kept: Read): Promise<Read> {
  const page = await olderEvents(ask, kept.before);
  return { ...kept, events: [...kept.events, ...page.events], before: olderThan(page) };
}
