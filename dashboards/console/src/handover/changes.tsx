// SPDX-License-Identifier: Apache-2.0
// What happened since the shift began: how often what, and each cause in each place with its times; its events open.
import { useState } from 'preact/hooks';
import type { LiveTable } from '../live/messages';
import { eventWord, useRecord } from '../log/events';
import { readSince } from '../log/record';
import { EventTable } from '../log/table';
import { logWord } from '../log/words';
import { useShown } from '../parts/more';
import { ProblemLine } from '../parts/problem';
import { Shape } from '../parts/shape';
import { whereOrSite } from '../parts/where';
import type { ConsoleEvent } from '../types';
import { bracketed, clockTime, dateTime, listed, t, tAny } from '../words';
import { classWord } from '../words/terms';
import { type Cause, causesOf } from './grouped';
import { handoverWord } from './words';

const QUERY = 'lane=alarm&limit=500';
/** More than this is no handover any more; the page says that it ends there. */
const ROWS_MAX = 2000;
const CAUSES = 50;
const TIMES = 4;
const EVENTS = 20;

/** How often each kind of thing happened. */
function Counts({ events }: { events: ConsoleEvent[] }) {
  const counts = new Map<string, number>();
  for (const event of events) counts.set(eventWord(event), (counts.get(eventWord(event)) ?? 0) + 1);
  return (
    <p class="counts">
      {[...counts].map(([word, count]) => (
        <span key={word}>
          {word} <strong>{count}</strong>
        </span>
      ))}
    </p>
  );
}

/** "genuine 2, by mistake 1" */
function resultsOf(results: string[]): string {
  const counts = new Map<string, number>();
  for (const result of results) counts.set(result, (counts.get(result) ?? 0) + 1);
  return listed([...counts].map(([result, count]) => `${tAny(`disposition.${result}`) ?? logWord('story.unstated')} ${count}`));
}

function timesOf(raised: string[], zone: string): string {
  const times = raised.slice(0, TIMES).map((time) => clockTime(Date.parse(time), zone).slice(0, 5));
  return listed(times) + (raised.length > TIMES ? ' …' : '');
}

function Events({ events }: { events: ConsoleEvent[] }) {
  const { rows, more } = useShown(events, EVENTS);
  return (
    <>
      <EventTable events={rows} />
      {more}
    </>
  );
}

function CauseRow({ cause, table }: { cause: Cause; table: LiveTable }) {
  const [isOpen, setOpen] = useState(false);
  const place = table.places.find((each) => each.place === cause.place);
  const { raised } = cause;
  return (
    <li>
      <details data-cause={cause.key} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <Shape priority={cause.priority} />
          <strong>{whereOrSite({ place: cause.place, place_name: place?.name ?? null })}</strong>
          <span>{classWord(cause.cause)}</span>
          <span>
            {raised.length === 0
              ? handoverWord('handover.before')
              : bracketed(handoverWord('handover.times', { count: raised.length }), timesOf(raised, table.site.timezone))}
          </span>
          {cause.results.length > 0 && <span class="muted">{t('card.marked', { what: resultsOf(cause.results) })}</span>}
        </summary>
        {isOpen && <Events events={cause.events} />}
      </details>
    </li>
  );
}

export function Changes({ begin, table }: { begin: number; table: LiveTable }) {
  const { read, problem } = useRecord(QUERY, ROWS_MAX, String(begin), (ask, seq) => readSince(ask, seq, begin, ROWS_MAX));
  const events = read?.events ?? [];
  const { rows, more } = useShown(causesOf(events), CAUSES);
  return (
    <section class="handover causes">
      <h2>{handoverWord('handover.since', { time: dateTime(begin, table.site.timezone) })}</h2>
      <ProblemLine text={problem} />
      {read === null && problem === null && <p>{t('app.loading')}</p>}
      {read !== null && events.length === 0 && <p class="muted">{handoverWord('handover.nothing')}</p>}
      <Counts events={events} />
      {read !== null && read.before > 0 && <p>{handoverWord('handover.more')}</p>}
      <ul>
        {rows.map((cause) => (
          <CauseRow key={cause.key} cause={cause} table={table} />
        ))}
      </ul>
      {more}
    </section>
  );
}
