// SPDX-License-Identifier: Apache-2.0
// What one shift tells the next: what is open, what somebody is seeing to, what is set aside and when it comes back,
// and what happened since the shift began.
import { toChildArray, type ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { api } from '../api';
import { nameOf, typeOf } from '../live/alarms';
import { link } from '../live/link';
import type { LiveTable } from '../live/messages';
import { backFrom, eventWord, newestEvents, useAsked } from '../log/events';
import { EventTable } from '../log/table';
import { Link } from '../parts/link';
import { useShown } from '../parts/more';
import { ProblemLine } from '../parts/problem';
import { Shape, Unknown } from '../parts/shape';
import { Since } from '../parts/since';
import { saidOf, What } from '../parts/what';
import { whereOf } from '../parts/where';
import { storyOf } from '../rooms/card';
import { whoGoes } from '../rooms/who';
import type { Alarm, ConsoleEvent } from '../types';
import { clockTime, dateTime, t, tAny } from '../words';
import { choicesOf, chosenOf, momentOf, type Shift } from './begin';
import { eventsSince } from './since';

const KEPT = 'tocsin.shift';
const ROWS = 20;
const CHANGES = 'lane=alarm&limit=500';
/** So many rows of a section are shown at first, and more on demand. */
const SECTION_ROWS = 50;

const askShifts = () => api<{ shifts: Shift[] }>('GET', '/api/v1/shifts');

function Section({ title, count, children }: { title: string; count: number; children: ComponentChildren }) {
  const { rows, more } = useShown(toChildArray(children), SECTION_ROWS);
  return (
    <section class="handover">
      <h2>
        {title} ({count})
      </h2>
      {count === 0 ? <p class="muted">{t('handover.nothing')}</p> : <ul>{rows}</ul>}
      {more}
    </section>
  );
}

function Open({ alarm, zone }: { alarm: Alarm; zone: string }) {
  const raised = alarm.raised === null ? link.serverNow() : Date.parse(alarm.raised);
  return (
    <li data-open={alarm.alarm}>
      <Shape priority={alarm.priority} />
      <Link to={storyOf(alarm.alarm)}>
        <What {...saidOf(alarm)} />
      </Link>
      <span>{t(`priority.${alarm.priority}`)}</span>
      <span>
        <Since time={alarm.raised} />
      </span>
      <span class="muted">{t('card.raised', { time: clockTime(raised, zone) })}</span>
      <strong>{whoGoes(alarm)}</strong>
    </li>
  );
}

const isSettingAside = (event: ConsoleEvent): boolean =>
  ['alarm.shelved', 'alarm.out_of_service', 'alarm.suppressed'].includes(typeOf(event));

/** Set aside: since when, until when, by whom and why, as the event of it says. */
function Aside({ alarm, zone }: { alarm: Alarm; zone: string }) {
  const query = `alarm=${encodeURIComponent(alarm.alarm)}&limit=${ROWS}`;
  const { answer } = useAsked(query, () => newestEvents(query));
  const event = answer?.events.find(isSettingAside);
  const who = nameOf(event?.data.actor);
  return (
    <li data-aside={alarm.alarm}>
      <Unknown />
      <Link to={storyOf(alarm.alarm)}>
        <What {...saidOf(alarm)} />
      </Link>
      <strong>{tAny(`suppression.${alarm.state.suppression}`) ?? alarm.state.suppression}</strong>
      {event && (
        <span>
          <Since time={event.time} />
        </span>
      )}
      <span>
        {event?.data.until
          ? t('handover.until', { time: dateTime(Date.parse(event.data.until), zone) })
          : t('handover.no_end')}
      </span>
      {who !== null && <span>{who}</span>}
      {event?.data.reason && <span>{t('story.reason', { reason: event.data.reason })}</span>}
    </li>
  );
}

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

function Changes({ begin, table }: { begin: number; table: LiveTable }) {
  const { answer, problem } = useAsked(String(begin), () => eventsSince(backFrom(CHANGES), begin));
  return (
    <section>
      <h2>{t('handover.since', { time: dateTime(begin, table.site.timezone) })}</h2>
      <ProblemLine text={problem} />
      {answer === null ? (
        <p>{t('app.loading')}</p>
      ) : (
        <>
          <Counts events={answer.events} />
          {!answer.isAll && <p>{t('handover.more')}</p>}
          <EventTable events={answer.events} />
        </>
      )}
    </section>
  );
}

/** What happened since the shift began, and which shift that is. */
function SinceBegin({ table }: { table: LiveTable }) {
  const zone = table.site.timezone;
  const [kept, setKept] = useState(localStorage.getItem(KEPT));
  const { answer, problem } = useAsked('shifts', askShifts);
  if (answer === null && problem === null) return <p>{t('app.loading')}</p>;
  const choices = choicesOf(answer?.shifts ?? []);
  const chosen = chosenOf(kept, choices);
  const choose = (next: string) => {
    localStorage.setItem(KEPT, next);
    setKept(next);
  };
  return (
    <>
      <label class="shift">
        {t('handover.begin')}
        <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
          {choices.map(({ value, turn }) => (
            <option key={value} value={value}>
              {turn === null
                ? value
                : t('handover.shift', { shift: turn.shift, time: clockTime(turn.began, zone).slice(0, 5) })}
            </option>
          ))}
        </select>
      </label>
      <Changes begin={momentOf(chosen, choices, link.serverNow(), zone)} table={table} />
    </>
  );
}

export function HandoverPage() {
  const table = link.table;
  if (table === null) return <p>{t('app.loading')}</p>;
  const zone = table.site.timezone;
  const open = table.alarms.filter((alarm) => !alarm.state.acked);
  const acked = table.alarms.filter((alarm) => alarm.state.acked);
  return (
    <>
      <h1>{t('handover.title')}</h1>
      <Section title={t('handover.open')} count={open.length}>
        {open.map((alarm) => (
          <Open key={alarm.alarm} alarm={alarm} zone={zone} />
        ))}
      </Section>
      <Section title={t('handover.acked')} count={acked.length}>
        {acked.map((alarm) => (
          <Open key={alarm.alarm} alarm={alarm} zone={zone} />
        ))}
      </Section>
      <Section title={t('rooms.aside')} count={table.aside.length}>
        {table.aside.map((alarm) => (
          <Aside key={alarm.alarm} alarm={alarm} zone={zone} />
        ))}
      </Section>
      <Section title={t('rooms.tests')} count={table.tests.length}>
        {table.tests.map((test) => (
          <li key={test.place}>
            {t('rooms.test_row', { place: whereOf(test), time: clockTime(Date.parse(test.until), zone), by: test.by })}
          </li>
        ))}
      </Section>
      <SinceBegin table={table} />
    </>
  );
}
