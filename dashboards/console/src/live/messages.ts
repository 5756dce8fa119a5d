// SPDX-License-Identifier: Apache-2.0
// What the feed tells its pages.
import type { Alarm, Engine, Place, Site, Test } from '../types';

export interface LiveTable {
  site: Site;
  places: Place[];
  alarms: Alarm[];
  tests: Test[];
  /** Everything up to this event is in the table. */
  seq: number;
}

export type FeedMessage =
  | { kind: 'table'; table: LiveTable }
  /** The line is alive. `contact`: and the engine behind it is too. */
  | { kind: 'beat'; serverMs: number; contact: boolean; engine: Engine }
  | { kind: 'signed-out' };

/** From a page to the feed: somebody has signed in. */
export const WAKE = 'wake';
