// SPDX-License-Identifier: Apache-2.0
import { alarmOf } from '../live/alarms';
import { actorWords } from '../parts/actor';
import { Link } from '../parts/link';
import { Moment } from '../parts/moment';
import { Shape } from '../parts/shape';
import { saidOfEvent, What } from '../parts/what';
import { storyOf } from '../rooms/card';
import type { ConsoleEvent } from '../types';
import { t } from '../words';
import { calledWords } from './called';
import { eventWord } from './events';

function Row({ event }: { event: ConsoleEvent }) {
  const alarm = alarmOf(event);
  const what = <What {...saidOfEvent(event)} />;
  const called = calledWords(event);
  return (
    <tr>
      <td data-label={t('log.time')}>
        <Moment time={event.time} />
      </td>
      <td data-label={t('log.what')}>
        {event.data.priority && <Shape priority={event.data.priority} />} {eventWord(event)}
      </td>
      <td data-label={t('log.text')}>
        {alarm === null ? what : <Link to={storyOf(alarm)}>{what}</Link>}
      </td>
      <td data-label={t('log.who')}>
        {called !== '' ? `→ ${called}` : event.data.actor ? actorWords(event.data.actor) : '–'}
      </td>
    </tr>
  );
}

export function EventTable({ events }: { events: ConsoleEvent[] }) {
  if (events.length === 0) return <p class="muted">{t('log.none')}</p>;
  return (
    <table class="events">
      <thead>
        <tr>
          <th>{t('log.time')}</th>
          <th>{t('log.what')}</th>
          <th>{t('log.text')}</th>
          <th>{t('log.who')}</th>
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
