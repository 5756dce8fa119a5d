// SPDX-License-Identifier: Apache-2.0
import { alarmOf } from '../live/alarms';
import { actorWords } from '../parts/actor';
import { Link } from '../parts/link';
import { Moment } from '../parts/moment';
import { Shape } from '../parts/shape';
import { saidOfEvent, What } from '../parts/what';
import { storyOf } from '../rooms/card';
import type { ConsoleEvent } from '../types';
import { calledWords } from './called';
import { eventWord } from './events';
import { logWord } from './words';

function Row({ event }: { event: ConsoleEvent }) {
  const alarm = alarmOf(event);
  const what = <What {...saidOfEvent(event)} />;
  const called = calledWords(event);
  return (
    <tr>
      <td data-label={logWord('log.time')}>
        <Moment time={event.time} />
      </td>
      <td data-label={logWord('log.what')}>
        {event.data.priority && <Shape priority={event.data.priority} />} {eventWord(event)}
      </td>
      <td data-label={logWord('log.text')}>
        {alarm === null ? what : <Link to={storyOf(alarm)}>{what}</Link>}
      </td>
      <td data-label={logWord('log.who')}>
        {called !== '' ? `→ ${called}` : event.data.actor ? actorWords(event.data.actor) : '–'}
      </td>
    </tr>
  );
}

export function EventTable({ events }: { events: ConsoleEvent[] }) {
  if (events.length === 0) return <p class="muted">{logWord('log.none')}</p>;
  return (
    <table class="events">
      <thead>
        <tr>
          <th>{logWord('log.time')}</th>
          <th>{logWord('log.what')}</th>
          <th>{logWord('log.text')}</th>
          <th>{logWord('log.who')}</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <Row key={event.sequence} event={event} />
        ))}
      </tbody>
    </table>
  );
}
