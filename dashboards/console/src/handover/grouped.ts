// SPDX-License-Identifier: Apache-2.0
// What happened in a shift, by place and cause: nobody reads every event of a night.
import { typeOf } from '../live/alarms';
import { grouped } from '../live/grouped';
import type { ConsoleEvent, Priority } from '../types';

/** All that was recorded of one cause in one place. */
export interface Cause {
  key: string;
  place: string | null;
  cause: string;
  priority: Priority;
  /** When it came, the newest first; empty: it came before, and something was done about it. */
  raised: string[];
  /** What each of those that are over turned out to be. */
  results: string[];
  /** The newest first. */
  events: ConsoleEvent[];
}

const RAISED = ['alarm.raised', 'alarm.reraised'];

const keyOf = ({ data }: ConsoleEvent): string => `${data.place ?? ''} ${data.class}`;

function causeOf(key: string, events: ConsoleEvent[]): Cause {
  const [newest] = events as [ConsoleEvent];
  const closed = events.filter((event) => typeOf(event) === 'alarm.closed');
  return {
    key,
    place: newest.data.place ?? null,
    cause: newest.data.class ?? '',
    priority: newest.data.priority ?? 'journal',
    raised: events.filter((event) => RAISED.includes(typeOf(event))).map((event) => event.time),
    results: closed.map((event) => event.data.disposition ?? 'unstated'),
    events,
  };
}

const ORDER: Priority[] = ['emergency', 'urgent', 'high', 'low', 'journal'];

/** The gravest first, then the most frequent; of events of which the newest come first. */
export function causesOf(events: ConsoleEvent[]): Cause[] {
  const ofAlarms = events.filter(({ data }) => data.class !== undefined && data.rule !== undefined);
  return [...grouped(ofAlarms, keyOf)]
    .map(([key, own]) => causeOf(key, own))
    .sort((a, b) => ORDER.indexOf(a.priority) - ORDER.indexOf(b.priority) || b.raised.length - a.raised.length);
}
