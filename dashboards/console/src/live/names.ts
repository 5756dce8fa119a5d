// SPDX-License-Identifier: Apache-2.0
// What a place is called. A name that several places have, such as that of a room in each of four buildings, sends
// people astray: such a place is called with as much of what lies around it as tells it from the others.
import type { Place } from '../types';
import { grouped } from './grouped';

/** The ids of what a place lies in, the outermost first, and its own. */
function lineOf(id: string): string[] {
  const parts = id.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** By the id of the place. */
export function fullNames(places: Place[], nameOf: (place: Place) => string): Map<string, string> {
  const names = new Map(places.map((place) => [place.place, nameOf(place)]));
  const full = new Map<string, string>();
  for (const [name, alike] of grouped(places, nameOf)) {
    const lines = alike.map((place) => lineOf(place.place).map((id) => names.get(id) ?? id));
    for (const [index, place] of alike.entries()) {
      const line = lines[index] as string[];
      const around = line.slice(0, -1).filter((each, depth) => lines.some((other) => other[depth] !== each));
      full.set(place.place, [...around, name].join(' · '));
    }
  }
  return full;
}
