// SPDX-License-Identifier: Apache-2.0
import { link } from '../live/link';
import { fullNames } from '../live/names';
import type { Place, Text } from '../types';
import { currentLanguage, pick } from '../words';

const kept = new WeakMap<Place[], Map<string, Map<string, string>>>();

/** What each place is called in the reader's language, by its id; made once for a list of places. */
export function namesOf(places: Place[]): Map<string, string> {
  const languages = kept.get(places) ?? new Map<string, Map<string, string>>();
  kept.set(places, languages);
  const names = languages.get(currentLanguage()) ?? fullNames(places, (place) => pick(place.name));
  languages.set(currentLanguage(), names);
  return names;
}

/** Where something is: nothing for what is of no place. */
export const whereOf = (row: { place: string | null; place_name: Text | null }): string =>
  (row.place !== null && link.table !== null && namesOf(link.table.places).get(row.place)) || pick(row.place_name);

/** The same, and the site for what is of no place. */
export const whereOrSite = (row: { place: string | null; place_name: Text | null }): string =>
  whereOf(row) || pick(link.table?.site.name ?? null);
