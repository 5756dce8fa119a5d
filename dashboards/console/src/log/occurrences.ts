// SPDX-License-Identifier: Apache-2.0
// An alarm's story falls into its occurrences: each stay outside normal, from its begin to its end.
import { typeOf } from '../live/alarms';
import type { ConsoleEvent } from '../types';

export interface Occurrence {
  /** 0: what was done before it ever was. */
  number: number;
  /** The oldest first. */
  events: ConsoleEvent[];
  began: string;
  /** Null: it is not over, or its end is not among the events. */
  ended: string | null;
  /** What it turned out to be, as it was said last. */
  disposition: string | null;
}

function occurrenceOf(number: number, events: ConsoleEvent[]): Occurrence {
  const closed = events.find((event) => typeOf(event) === 'alarm.closed');
  const stated = events.map((event) => event.data.disposition).filter((each) => each !== undefined && each !== 'unstated');
  return { number, events, began: events[0]?.time ?? '', ended: closed?.time ?? null, disposition: stated.at(-1) ?? null };
}

/** The newest first, from events of which the newest come first. */
export function occurrencesOf(events: ConsoleEvent[]): Occurrence[] {
  const found: Occurrence[] = [];
  let own: ConsoleEvent[] = [];
  const end = () => {
    const [first] = own;
    if (first !== undefined) found.push(occurrenceOf(first.data.occurrence ?? 0, own.reverse()));
    own = [];
  };
  for (const event of events) {
    if (own[0] !== undefined && own[0].data.occurrence !== event.data.occurrence) end();
    own.push(event);
  }
  end();
  return found;
}
