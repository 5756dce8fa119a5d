// SPDX-License-Identifier: Apache-2.0
import { acts, segments } from '../api';
import { link } from '../live/link';
import { Link } from '../parts/link';
import { Shape, Unknown } from '../parts/shape';
import { Since } from '../parts/since';
import { steady } from '../parts/steady';
import { saidOf, What } from '../parts/what';
import { whereOrSite } from '../parts/where';
import type { Alarm, Person } from '../types';
import { clockTime, pick, t, tAny } from '../words';
import { Actions } from './actions';
import { Calls } from './call';
import { awaits } from './steps';
import { againWords, whoGoes } from './who';

export const storyOf = (alarm: string): string => `/alarm/${segments(alarm)}`;

interface Props {
  alarm: Alarm;
  person: Person;
  isOnStory?: boolean;
  /** The reader is the one who goes. */
  isOwn?: boolean;
}

/** One alarm: the room, what, since when, who is going, and what to do. */
export const Card = steady(function Card({ alarm, person, isOnStory = false, isOwn = false }: Props) {
  const { active, test } = alarm.state;
  const mayAct = acts(person);
  const zone = link.table?.site.timezone ?? 'UTC';
  const raised = alarm.raised === null ? link.serverNow() : Date.parse(alarm.raised);
  const room = whereOrSite(alarm);
  const response = pick(alarm.response);
  return (
    <article class={`card card-${alarm.priority}${awaits(alarm, person.role) ? ' unacked' : ''}${isOwn ? ' own' : ''}`} tabIndex={-1} data-alarm={alarm.alarm}>
      {isOwn && <p class="own-mark">{t('rooms.own')}</p>}
      <header>
        <Shape priority={alarm.priority} />
        <h2>{room}</h2>
        <span class={`badge badge-${alarm.priority}`}>{t(`priority.${alarm.priority}`)}</span>
        {test && <span class="badge badge-test">{t('card.test')}</span>}
      </header>
      <p class="what">
        <What {...saidOf(alarm)} />
      </p>
      <p class="since">
        <strong>
          <Since time={alarm.raised} />
        </strong>{' '}
        <span class="muted">{t('card.raised', { time: clockTime(raised, zone) })}</span>
      </p>
      {alarm.again && (
        <p class="again">
          <strong>{againWords(alarm)}</strong> <span class="muted">{clockTime(Date.parse(alarm.again.time), zone)}</span>
        </p>
      )}
      <p class="who">{whoGoes(alarm)}</p>
      {!active && <p class="muted">{t('card.over')}</p>}
      {alarm.quality !== 'good' && (
        <p class="no-data">
          <Unknown /> {t('card.no_data')}
        </p>
      )}
      {response !== '' && (
        <p class="response">
          <span>{t('card.response')}</span> {response}
        </p>
      )}
      {alarm.disposition !== 'unstated' && (
        <p class="muted">{t('card.marked', { what: tAny(`disposition.${alarm.disposition}`) ?? alarm.disposition })}</p>
      )}
      {mayAct && <Actions alarm={alarm} role={person.role} />}
      {mayAct && <Calls response={response} />}
      {!isOnStory && (
        <Link to={storyOf(alarm.alarm)} class="story-link">
          {t('card.story')}
        </Link>
      )}
    </article>
  );
});
