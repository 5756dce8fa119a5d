// SPDX-License-Identifier: Apache-2.0
// The whole story of one alarm on one page, the oldest first, and its card while it is open.
import { nameOf } from '../live/alarms';
import { link } from '../live/link';
import { Link } from '../parts/link';
import { ProblemLine } from '../parts/problem';
import { saidOfEvent, What } from '../parts/what';
import { Card } from '../rooms/card';
import { stillCalling } from '../rooms/who';
import type { ConsoleEvent, Person } from '../types';
import { dateTime, t, tAny } from '../words';
import { backFrom, eventWord, useAsked } from './events';
import { readBack } from './older';

const PAGE_ROWS = 500;
/** Nobody reads a longer story; the page says that it is cut. */
const ROWS_MAX = 1000;

/** What was recorded of an alarm, the oldest first. */
async function readStory(alarm: string) {
  const events: ConsoleEvent[] = [];
  const ask = backFrom(`limit=${PAGE_ROWS}&alarm=${encodeURIComponent(alarm)}`);
  const isAll = await readBack(ask, () => true, (event) => events.push(event), ROWS_MAX);
  return { events: events.reverse(), isAll };
}

function details(event: ConsoleEvent): string[] {
  const { to, reason, actor, disposition, calling = [] } = event.data;
  const lines: string[] = [];
  if (actor && calling.length > 0) lines.push(stillCalling(calling));
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
  const { answer, problem } = useAsked(alarm, () => readStory(alarm));
  const open = link.table?.alarms.find((each) => each.alarm === alarm);
  const events = answer?.events ?? [];
  const first = events[0];
  return (
    <>
      <p>
        <Link to="/">{t('story.back')}</Link>
      </p>
      <h1>{t('story.title')}</h1>
      <ProblemLine text={problem} />
      {answer?.isAll && first === undefined && <p>{t('story.unknown')}</p>}
      {open ? <Card alarm={open} person={person} isOnStory /> : first && <FirstWords event={first} />}
      {answer?.isAll === false && <p>{t('story.cut')}</p>}
      <ol class="story">
        {events.map((event) => (
          <Entry key={event.sequence} event={event} />
        ))}
      </ol>
    </>
  );
}
