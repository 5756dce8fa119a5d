// SPDX-License-Identifier: Apache-2.0
import type { ConsoleEvent } from '../types';

export interface Filter {
  place: string;
  words: string;
}

/** Does an event belong to the place, or below it, and hold the words? `text` is what is shown of it. */
export function fits(event: ConsoleEvent, filter: Filter, text: string): boolean {
  const place = event.data.place ?? '';
  const isThere = filter.place === '' || place === filter.place || place.startsWith(`${filter.place}/`);
  return isThere && text.toLowerCase().includes(filter.words.trim().toLowerCase());
}
