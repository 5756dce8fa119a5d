// SPDX-License-Identifier: Apache-2.0
import { isUnseen, type Point } from '../live/points';
import type { Polled } from '../live/poll';
import { Unknown } from '../parts/shape';
import { namesOf } from '../parts/where';
import type { Place } from '../types';
import { span } from '../words';
import { deskWord } from './words';

const KINDS = ['door_contact', 'door_lock'];
/** So many are named, and so many of them may be closed; of more there is the number. */
const NAMED_MAX = 4;
const CLOSED_MAX = 3;

export interface Door {
  id: string;
  place: string;
  state: 'open' | 'closed' | 'locked' | 'unlocked' | null;
  ageMs: number | null;
}

const STATES: Door['state'][] = [null, 'open', 'unlocked', 'closed', 'locked'];

const stateWord = (state: Door['state']): string =>
  state === null ? deskWord('plan.no_data') : deskWord(`doors.${state}`);

/** The doors: those of which nothing is known first, then the open ones. */
export function doorsOf(points: Point[]): Door[] {
  const rank = (door: Door) => (door.state === null ? 0 : door.state === 'open' || door.state === 'unlocked' ? 1 : 2);
  return points
    .filter((point) => KINDS.includes(point.kind))
    .map((point): Door => {
      const [on, off] = point.kind === 'door_lock' ? (['locked', 'unlocked'] as const) : (['open', 'closed'] as const);
      const state = isUnseen(point) || point.value === null ? null : point.value !== 0 ? on : off;
      return { id: point.point, place: point.place, state, ageMs: point.age_ms };
    })
    .sort((a, b) => rank(a) - rank(b));
}

/** Nothing for none. */
const countOf = (state: Door['state'], count: number): string[] =>
  count === 0 ? [] : [`${stateWord(state)} ${count}`];

function DoorMark({ isOpen }: { isOpen: boolean }) {
  return (
    <svg class="shape shape-door" viewBox="-1 -1 34 34" aria-hidden="true">
      <path d="M6 1h20v30H6z" />
      {isOpen && <path class="leaf" d="M6 1l12 6v22L6 31z" />}
    </svg>
  );
}

export function DoorPanel({ points, places }: { points: Polled<Point[]>; places: Place[] }) {
  const doors = points.body === null || points.isStale() ? [] : doorsOf(points.body);
  const names = namesOf(places);
  const shown = doors.filter((door, index) => index < (door.state === 'closed' ? CLOSED_MAX : NAMED_MAX));
  const hidden = doors.filter((door) => !shown.includes(door));
  const hiddenIn = (state: Door['state']) => hidden.filter((door) => door.state === state).length;
  if (points.isStale() && points.body !== null) {
    return (
      <p class="tile ill">
        <Unknown /> {deskWord('plan.no_data')} {span(points.ageMs())}
      </p>
    );
  }
  return (
    <>
      {doors.length === 0 && <p class="muted">{points.body !== null && deskWord('doors.none')}</p>}
      <ul class="tiles">
        {shown.map((door) => (
          <li key={door.id} class={door.state === null ? 'tile ill' : 'tile'} data-door={door.id}>
            {door.state === null ? <Unknown /> : <DoorMark isOpen={door.state === 'open'} />} {names.get(door.place) ?? door.place}{' '}
            <strong>
              {stateWord(door.state)}
              {door.state === null && door.ageMs !== null && ` ${span(door.ageMs)}`}
            </strong>
          </li>
        ))}
      </ul>
      {hidden.length > 0 && (
        <p class="muted">
          {deskWord('doors.more')} {STATES.flatMap((state) => countOf(state, hiddenIn(state))).join(' · ')}
        </p>
      )}
    </>
  );
}
