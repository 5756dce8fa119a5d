// SPDX-License-Identifier: Apache-2.0
// What the feed tells its pages.
import type { Alarm, Engine, Place, Site, Test } from '../types';

export interface LiveTable {
  site: Site;
  places: Place[];
  alarms: Alarm[];
  /** Shelved, suppressed or out of service. */
  aside: Alarm[];
  tests: Test[];
  /** Everything up to this event is in the table. */
  seq: number;
}

/** What an event or some of them changed in the table that the page has: in a storm the whole of it is much. */
export interface Change {
  alarms: Alarm[];
  /** Ids of those that are in the table no more. */
  gone: string[];
  seq: number;
}

/** A step of an alarm's chain, in which somebody is called. */
export interface Call {
  alarm: string;
  step: number;
  run: number;
}

export type FeedMessage =
  | { kind: 'called'; call: Call }
  | { kind: 'table'; table: LiveTable; serverMs: number }
  | { kind: 'change'; change: Change; serverMs: number }
  /** There is a line to the server, for the first time or again. */
  | { kind: 'connected' }
  /** The line is alive. `contact`: and the engine behind it is too. */
  | { kind: 'beat'; serverMs: number; contact: boolean; engine: Engine }
  /** Time goes on, also for a page that is hidden, whose own timers the browser holds back. */
  | { kind: 'tick' }
  | { kind: 'signed-out' };

/** From a page to the worker: it is there, or somebody has signed in; and it is going away. */
export const WAKE = 'wake';
export const LEAVE = 'leave';
