// SPDX-License-Identifier: Apache-2.0
// How many people are where. A place with a counter of people says it; one with counters at its doors by how many
// came in and went out since they were levelled.
import { grouped } from '../live/grouped';
import { isUnseen, type Point } from '../live/points';
import type { Place } from '../types';

export interface Occupancy {
  place: Place;
  /** null: nothing is known at present. */
  people: number | null;
  /** As many as the site says the place is for. */
  capacity: number | null;
  ageMs: number | null;
  /** Counted at the doors, which is less sure than a counter of people. */
  isCounted: boolean;
}

const KINDS = ['occupancy_count', 'people_in', 'people_out'];

const sum = (points: Point[]): number => points.reduce((total, point) => total + (point.value ?? 0), 0);

function peopleOf(points: Point[], isCounted: boolean): number | null {
  if (points.some((point) => isUnseen(point) || point.value === null)) return null;
  if (!isCounted) return sum(points);
  const of = (kind: string) => points.filter((point) => point.kind === kind);
  return Math.max(0, sum(of('people_in')) - sum(of('people_out')));
}

/** One row for each place with a counter, the fullest first; those of which nothing is known before them. */
export function occupancyOf(places: Place[], points: Point[]): Occupancy[] {
  const byPlace = grouped(points.filter((point) => KINDS.includes(point.kind)), (point) => point.place);
  const rows = places.flatMap((place): Occupancy[] => {
    const all = byPlace.get(place.place);
    if (all === undefined) return [];
    const direct = all.filter((point) => point.kind === 'occupancy_count');
    const isCounted = direct.length === 0;
    const used = isCounted ? all : direct;
    const ages = used.map((point) => point.age_ms).filter((age) => age !== null);
    const ageMs = ages.length === 0 ? null : Math.max(...ages);
    return [{ place, people: peopleOf(used, isCounted), capacity: place.capacity, ageMs, isCounted }];
  });
  const fullness = (row: Occupancy) =>
    row.people === null ? Number.POSITIVE_INFINITY : row.people / (row.capacity ?? Number.POSITIVE_INFINITY);
  return rows.sort((a, b) => fullness(b) - fullness(a));
}
