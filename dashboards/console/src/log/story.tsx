// SPDX-License-Identifier: Apache-2.0
// The whole story of one alarm on one page: its card while it is open, and then its occurrences, the newest first and
// each from its begin to its end.
import { useEffect } from 'preact/hooks';
import { link } from '../live/link';
import { actorWords } from '../parts/actor';
import { Link } from '../parts/link';
import { Moment } from '../parts/moment';
import { ProblemLine } from '../parts/problem';
import { saidOfEvent, What } from '../parts/what';
import { Card } from '../rooms/card';
import { stillCalling } from '../rooms/who';
import type { ConsoleEvent, Person } from '../types';
import { t, tAny } from '../words';
import { calledWords, receiptWords } from './called';
import { eventWord, useRecord } from './events';
import { type Occurrence, occurrencesOf } from './occurrences';
import { logWord } from './words';

const PAGE_ROWS = 200;

const resultWords = (disposition: string): string =>
  t('card.marked', { what: tAny(`disposition.${disposition}`) ?? disposition });

function details(event: ConsoleEvent, later: ConsoleEvent[]): string[] {
  const { reason, actor, disposition, calling = [] } = event.data;
  const lines = [calledWords(event), receiptWords(event, later) ?? ''];
  if (actor && calling.length > 0) lines.push(stillCalling(calling));
  if (reason && actor) lines.push(logWord('story.reason', { reason }));
  if (disposition && disposition !== 'unstated') lines.push(resultWords(disposition));
  return lines.filter((line) => line !== '');
}

function Entry({ event, later }: { event: ConsoleEvent; later: ConsoleEvent[] }) {
  const { actor } = event.data;
  return (
    <li>
      <Moment time={event.time} />
      <strong>{eventWord(event)}</strong>
      {actor && <span>{actorWords(actor)}</span>}
      {details(event, later).map((line) => (
        <span key={line}>{line}</span>
      ))}
    </li>
  );
}

function Ended({ occurrence, isOpen }: { occurrence: Occurrence; isOpen: boolean }) {
  if (isOpen) return <strong>{logWord('story.goes_on')}</strong>;
  if (occurrence.ended === null) return <>{logWord('story.no_end')}</>;
  return (
    <>
      – <Moment time={occurrence.ended} />{' '}
      <span class="muted">{occurrence.disposition === null ? logWord('story.unstated') : resultWords(occurrence.disposition)}</span>
    </>
  );
}

/** One of them. What is long over opens when somebody wants it, and on paper. */
function Part({ occurrence, isFirst, isOpen }: { occurrence: Occurrence; isFirst: boolean; isOpen: boolean }) {
  const { number, events, began } = occurrence;
  return (
    <details class="occurrence" data-occurrence={number} open={isFirst}>
      <summary>
        <h2>{number === 0 ? logWord('story.before') : logWord('story.occurrence', { number })}</h2>{' '}
        <span>
          <Moment time={began} /> <Ended occurrence={occurrence} isOpen={isOpen} />
        </span>
      </summary>
      <ol class="story">
        {events.map((event, index) => (
          <Entry key={event.sequence} event={event} later={events.slice(index + 1)} />
        ))}
      </ol>
    </details>
  );
}

/** On paper nothing opens: there all of it stands open. */
function useOpenOnPaper(): void {
  useEffect(() => {
    const open = () => document.querySelectorAll('details').forEach((each) => (each.open = true));
    addEventListener('beforeprint', open);
    return () => removeEventListener('beforeprint', open);
  }, []);
}

export function StoryPage({ rest: alarm, person }: { rest: string; person: Person }) {
  const { read, problem, readOlder } = useRecord(`limit=${PAGE_ROWS}&alarm=${encodeURIComponent(alarm)}`, PAGE_ROWS);
  useOpenOnPaper();
  const open = link.table?.alarms.find((each) => each.alarm === alarm);
  const occurrences = occurrencesOf(read?.events ?? []);
  const newest = read?.events[0];
  return (
    <>
      <p>
        <Link to="/">{logWord('story.back')}</Link>
      </p>
      <h1>{logWord('story.title')}</h1>
      <ProblemLine text={problem} />
      {read === null && problem === null && <p>{t('app.loading')}</p>}
      {read !== null && newest === undefined && <p>{logWord('story.unknown')}</p>}
      {open && <Card alarm={open} person={person} isOnStory />}
      {!open && newest && (
        <p class="what">
          <What {...saidOfEvent(newest)} />
        </p>
      )}
      {occurrences.map((occurrence, index) => (
        <Part
          key={occurrence.number}
          occurrence={occurrence}
          isFirst={index === 0}
          isOpen={index === 0 && open?.state.open === true}
        />
      ))}
      {read !== null && read.before > 0 && (
        <p>
          {logWord('story.cut')} <button onClick={readOlder}>{logWord('log.older')}</button>
        </p>
      )}
    </>
  );
}
