// SPDX-License-Identifier: Apache-2.0
// The whole story of one alarm on one page, the oldest first, and its card while it is open.
import { acts } from '../api';
import { nameOf } from '../live/alarms';
import { link } from '../live/link';
import { Link } from '../parts/link';
import { ProblemLine } from '../parts/problem';
import { saidOfEvent, What } from '../parts/what';
import { Card } from '../rooms/card';
import type { ConsoleEvent, Person } from '../types';
import { dateTime, t, tAny } from '../words';
import { eventWord, useNewest } from './events';

const STORY_ROWS = 200;

function details(event: ConsoleEvent): string[] {
  const { to, reason, actor, disposition } = event.data;
  const lines: string[] = [];
  if (to) lines.push(t('story.to', { to: tAny(to.replace('role ', 'role.')) ?? to }));
  if (reason && actor) lines.push(t('story.reason', { reason }));
  if (disposition && disposition !== 'unstated') {
    lines.push(t('card.marked', { what: tAny(`disposition.${disposition}`) ?? disposition }));
  }
  return lines;
}

function Entry({ event }: { event: ConsoleEvent }) {
  const who = nameOf(event.data.actor);
  return (
    <li>
      <time dateTime={event.time}>{dateTime(Date.parse(event.time), link.table?.site.timezone ?? 'UTC')}</time>
      <strong>{eventWord(event)}</strong>
      {who !== null && <span>{who}</span>}
      {details(event).map((line) => (
        <span key={line}>{line}</span>
      ))}
    </li>
  );
}

function FirstWords({ event }: { event: ConsoleEvent }) {
  return (
    <p class="what">
      <What {...saidOfEvent(event)} />
    </p>
  );
}

export function StoryPage({ rest: alarm, person }: { rest: string; person: Person }) {
  const { page, problem } = useNewest(`limit=${STORY_ROWS}&alarm=${encodeURIComponent(alarm)}`);
  const open = link.table?.alarms.find((each) => each.alarm === alarm);
  const events = [...(page?.events ?? [])].reverse();
  const first = events[0];
  return (
    <>
      <p>
        <Link to="/">{t('story.back')}</Link>
      </p>
      <h1>{t('story.title')}</h1>
      <ProblemLine text={problem} />
      {page !== null && first === undefined && <p>{t('story.unknown')}</p>}
      {open ? <Card alarm={open} mayAct={acts(person)} isOnStory /> : first && <FirstWords event={first} />}
      <ol class="story">
        {events.map((event) => (
          <Entry key={event.sequence} event={event} />
        ))}
      </ol>
    </>
  );
}
