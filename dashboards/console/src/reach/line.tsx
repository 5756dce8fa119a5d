// SPDX-License-Identifier: Apache-2.0
// Who can be reached by the steps that call somebody: said before it matters, and in red where nobody can.
import { api } from '../api';
import { link } from '../live/link';
import { usePoll } from '../live/poll';
import { clockTime } from '../words';
import './reach.css';
import { reachWord, reachWordOf } from './words';

const POLL_MS = 5000;

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

const whoOf = ({ to, name }: Audience): string => {
  if (to === 'role') return reachWordOf(`reach.${name}`) ?? name;
  if (to === 'shift') return reachWord('reach.shift', { name });
  return to === 'everyone' ? reachWord('reach.everyone') : name;
};

export function howOf(audience: Audience, timezone: string): string {
  const { reachable, webhook, phones_reachable: phones = 0, pages = 0, since } = audience;
  if (reachable === null) return reachWord('reach.unknown');
  if (!reachable && !audience.on_duty) return reachWord('reach.off_duty');
  if (!reachable && since) return reachWord('reach.nobody_since', { time: clockTime(Date.parse(since), timezone) });
  if (!reachable) return reachWord('reach.nobody');
  const ways = [];
  if (phones > 0) ways.push(reachWord('reach.phones', { count: phones }));
  if (pages > 0) ways.push(reachWord('reach.pages', { count: pages }));
  if (webhook === true) ways.push(reachWord('reach.webhook'));
  return ways.join(' · ');
}

export function ReachLine() {
  const reach = usePoll(() => api<{ audiences: Audience[] }>('GET', '/api/v1/reach'), POLL_MS);
  const timezone = link.table?.site.timezone;
  if (reach.body === null || timezone === undefined) return null;
  const known = reach.isStale()
    ? reach.body.audiences.map((audience) => ({ ...audience, reachable: null }))
    : reach.body.audiences;
  return (
    <ul class="reach" aria-label={reachWord('reach.title')}>
      {known.map((audience) => (
        <li key={`${audience.to} ${audience.name}`} class={audience.reachable === false && audience.on_duty ? 'nobody' : ''}>
          {whoOf(audience)} <strong>{howOf(audience, timezone)}</strong>
        </li>
      ))}
    </ul>
  );
}
