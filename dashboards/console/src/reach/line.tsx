// SPDX-License-Identifier: Apache-2.0
// Who can be reached by the steps that call somebody: said before it matters, and in red where nobody can.
import { api } from '../api';
import { grouped } from '../live/grouped';
import { link } from '../live/link';
import { usePoll } from '../live/poll';
import type { Text } from '../types';
import { clockTime, listed, pick } from '../words';
import './reach.css';
import { reachWord, reachWordOf } from './words';

const POLL_MS = 5000;
/** What a shift is called changes with the site only. */
const SHIFTS_POLL_MS = 60_000;

export interface Audience {
  to: 'role' | 'shift' | 'person' | 'everyone';
  name: string;
  on_duty: boolean;
  /** null: nobody knows. */
  reachable: boolean | null;
  webhook?: boolean | null;
  phones_reachable?: number;
  pages?: number;
  since?: string | null;
}

type Shift = { shift: string; name: Text };

/** A shift is called what it is called everywhere else; by its id only as long as that is not known. */
const whoOf = ({ to, name }: Audience, shifts: Shift[]): string => {
  if (to === 'role') return reachWordOf(`reach.${name}`) ?? name;
  if (to === 'shift') {
    const shift = shifts.find((each) => each.shift === name);
    return shift === undefined ? reachWord('reach.shift', { name }) : pick(shift.name);
  }
  return to === 'everyone' ? reachWord('reach.everyone') : name;
};

/** Who is on duty and cannot be reached. */
const isMissed = ({ reachable, on_duty }: Audience): boolean => reachable === false && on_duty;

function howOf({ reachable, webhook, phones_reachable: phones = 0, pages = 0, on_duty }: Audience): string {
  if (reachable === null) return reachWord('reach.unknown');
  if (!reachable) return reachWord(on_duty ? 'reach.nobody' : 'reach.off_duty');
  const ways = [];
  if (phones > 0) ways.push(reachWord('reach.phones', { count: phones }));
  if (pages > 0) ways.push(reachWord('reach.pages', { count: pages }));
  if (webhook === true) ways.push(reachWord('reach.webhook'));
  return ways.join(' · ');
}

/** The first of them that could not be reached any more: what is to be done is the same for all. */
function missedSince(audiences: Audience[], how: string, timezone: string): string {
  const times = audiences.flatMap(({ since }) => (since ? [Date.parse(since)] : []));
  return times.length === 0 ? how : reachWord('reach.nobody_since', { time: clockTime(Math.min(...times), timezone) });
}

/** Those of whom the same is to be said share a line, so that it is short where it matters; who is missed comes first. */
export function ReachLine() {
  const reach = usePoll(() => api<{ audiences: Audience[] }>('GET', '/api/v1/reach'), POLL_MS);
  const shifts = usePoll(() => api<{ shifts: Shift[] }>('GET', '/api/v1/shifts'), SHIFTS_POLL_MS).body?.shifts ?? [];
  const timezone = link.table?.site.timezone;
  if (reach.body === null || timezone === undefined) return null;
  const known = reach.isStale()
    ? reach.body.audiences.map((audience) => ({ ...audience, reachable: null }))
    : reach.body.audiences;
  const missedFirst = [...known].sort((a, b) => Number(isMissed(b)) - Number(isMissed(a)));
  return (
    <ul class="reach" aria-label={reachWord('reach.title')}>
      {[...grouped(missedFirst, howOf)].map(([how, audiences]) => {
        const missed = audiences.every(isMissed);
        return (
          <li key={how} class={missed ? 'nobody' : ''}>
            {listed(audiences.map((audience) => whoOf(audience, shifts)))} <strong>{missed ? missedSince(audiences, how, timezone) : how}</strong>
          </li>
        );
      })}
    </ul>
  );
}
