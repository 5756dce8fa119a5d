// SPDX-License-Identifier: Apache-2.0
import { usePoints } from '../live/present';
import { ProblemLine } from '../parts/problem';
import { Unknown } from '../parts/shape';
import type { Place } from '../types';
import { pick, span, t } from '../words';
import { occupancyOf, type Occupancy } from './occupancy';
import { managerWord } from './words';

const POLL_MS = 3000;
const BAR_WIDTH = 100;
const BAR_HEIGHT = 8;

/** How full a place is; the mark is its limit. */
function Bar({ people, capacity }: { people: number; capacity: number }) {
  const scale = BAR_WIDTH / Math.max(people, capacity * 1.25);
  return (
    <svg class="bar" viewBox={`0 0 ${BAR_WIDTH} ${BAR_HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" width={BAR_WIDTH} height={BAR_HEIGHT} />
      <rect class="bar-limit" width={capacity * scale} height={BAR_HEIGHT} />
      <rect class={people > capacity ? 'bar-over' : 'bar-fill'} y="2" width={people * scale} height={BAR_HEIGHT - 4} />
      <rect class="bar-mark" x={capacity * scale - 0.4} width="0.8" height={BAR_HEIGHT} />
    </svg>
  );
}

function Tile({ row, ageMs }: { row: Occupancy; ageMs: number }) {
  const { people, capacity, isCounted } = row;
  const age = row.ageMs === null ? null : row.ageMs + ageMs;
  const over = people !== null && capacity !== null ? people - capacity : 0;
  return (
    <li class="people" data-place={row.place.place}>
      <h3>{pick(row.place.name)}</h3>
      {people === null && (
        <p class="no-data">
          <Unknown /> {managerWord('people.no_data')} {age !== null && span(age)}
        </p>
      )}
      {people !== null && (
        <p class="people-count">
          <strong>
            {capacity === null
              ? managerWord('people.count', { count: people })
              : managerWord('people.of', { people, capacity })}
          </strong>{' '}
          {over > 0 && <span class="badge badge-high">{managerWord('people.over', { count: over })}</span>}
        </p>
      )}
      {people !== null && capacity !== null && <Bar people={people} capacity={capacity} />}
      <p class="muted">
        {people !== null && age !== null && managerWord('people.age', { age: span(age) })}
        {isCounted && ` · ${managerWord('people.counted')}`}
        {capacity === null && ` · ${managerWord('people.no_limit')}`}
      </p>
    </li>
  );
}

/** How many people are where, now. */
export function People({ places }: { places: Place[] }) {
  const points = usePoints(POLL_MS);
  if (points.body === null) return points.problem ? <ProblemLine text={points.problem} /> : <p>{t('app.loading')}</p>;
  const rows = occupancyOf(places, points.isStale() ? points.body.map((point) => ({ ...point, quality: 'stale' })) : points.body);
  const total = rows.reduce((sum, row) => sum + (row.people ?? 0), 0);
  return (
    <>
      <ProblemLine text={points.problem} />
      {rows.length === 0 ? (
        <p class="muted">{managerWord('people.none')}</p>
      ) : (
        <p>{managerWord('people.total', { count: total })}</p>
      )}
      <ul class="people-tiles">
        {rows.map((row) => (
          <Tile key={row.place.place} row={row} ageMs={points.ageMs()} />
        ))}
      </ul>
    </>
  );
}
