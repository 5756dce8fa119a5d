// SPDX-License-Identifier: Apache-2.0

export const LANES = ['all', 'alarm', 'activity'] as const;
export type Lane = (typeof LANES)[number];

export interface Filter {
  lane: Lane;
  /** The id of a place: it and all below it; "": all places. */
  place: string;
}

/** What the server is asked for: it knows all that is recorded, and not only what was read of it. */
export function queryOf(filter: Filter, rows: number): string {
  const query = new URLSearchParams({ limit: `${rows}` });
  if (filter.lane !== 'all') query.set('lane', filter.lane);
  if (filter.place !== '') query.set('place', filter.place);
  return query.toString();
}

/** Does what is shown of an event hold the words? */
export const holds = (text: string, words: string): boolean => text.toLowerCase().includes(words.trim().toLowerCase());
