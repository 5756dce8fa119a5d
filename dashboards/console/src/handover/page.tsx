// SPDX-License-Identifier: Apache-2.0
// What one shift tells the next, so that it can be read standing: how many of what, what is open, who is seeing to what,
// what is set aside and when it comes back, and what happened since the shift began, by place and cause.
import { toChildArray, type ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { api } from '../api';
import { nameOf, typeOf } from '../live/alarms';
import { link } from '../live/link';
import type { LiveTable } from '../live/messages';
import { type Polled, usePoll } from '../live/poll';
import { newestEvents, useOnce } from '../log/events';
import { logWord } from '../log/words';
import { actorWords } from '../parts/actor';
import { Link } from '../parts/link';
import { useShown } from '../parts/more';
import { Shape, Unknown } from '../parts/shape';
import { Since } from '../parts/since';
import { saidOf, What } from '../parts/what';
import { whereOf } from '../parts/where';
import { storyOf } from '../rooms/card';
import { whoGoes } from '../rooms/who';
import type { Alarm, ConsoleEvent, Person } from '../types';
import { clockTime, dateTime, pick, t, tAny } from '../words';
import { type Choice, choicesOf, chosenOf, momentOf, type Shift } from './begin';
import { Changes } from './changes';
import { TakeOver } from './sign';
import { handoverWord } from './words';

const KEPT = 'tocsin.shift';
const ROWS = 20;
/** So many rows of a section are shown at first, and more on demand. */
const SECTION_ROWS = 50;
/** Which shift is on duty changes by the clock. */
const SHIFTS_MS = 60_000;

const askShifts = () => api<{ shifts: Shift[] }>('GET', '/api/v1/shifts');

interface SectionProps {
  title: string;
  count: number;
  children: ComponentChildren;
}

/** A part that has something; that there is nothing stands in the counts above. */
function Section({ title, count, children }: SectionProps) {
  const { rows, more } = useShown(toChildArray(children), SECTION_ROWS);
  if (count === 0) return null;
  return (
    <section class="handover">
      <h2>
        {title} ({count})
      </h2>
      <ul>{rows}</ul>
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
      {alarm.state.test && <span class="badge badge-test">{t('card.test')}</span>}
      <span>
        <Since time={alarm.raised} />
      </span>
      <span class="muted">{t('card.raised', { time: clockTime(raised, zone) })}</span>
      {!alarm.state.active && <span class="muted">{t('card.over')}</span>}
      <strong>{whoGoes(alarm)}</strong>
    </li>
  );
}

const isSettingAside = (event: ConsoleEvent): boolean =>
  ['alarm.shelved', 'alarm.out_of_service', 'alarm.suppressed'].includes(typeOf(event));

/** Set aside: since when, until when, by whom and why, as the event of it says. */
function Aside({ alarm, zone }: { alarm: Alarm; zone: string }) {
  const query = `alarm=${encodeURIComponent(alarm.alarm)}&limit=${ROWS}`;
  const answer = useOnce(`${query} ${alarm.changed}`, () => newestEvents(query));
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
          ? handoverWord('handover.until', { time: dateTime(Date.parse(event.data.until), zone) })
          : handoverWord('handover.no_end')}
      </span>
      {who !== null && <span>{who}</span>}
      {event?.data.reason && <span>{logWord('story.reason', { reason: event.data.reason })}</span>}
    </li>
  );
}

interface Standing {
  open: Alarm[];
  acked: Alarm[];
  aside: Alarm[];
  out: Alarm[];
  lost: Alarm[];
}

function standingOf(table: LiveTable): Standing {
  const isOut = (alarm: Alarm) => alarm.state.suppression === 'out_of_service';
  return {
    open: table.alarms.filter((alarm) => !alarm.state.acked),
    acked: table.alarms.filter((alarm) => alarm.state.acked),
    aside: table.aside.filter((alarm) => !isOut(alarm)),
    out: table.aside.filter(isOut),
    lost: table.alarms.filter((alarm) => alarm.class === 'system.device_lost'),
  };
}

/** How many of what: the whole state in one line. */
function Summary({ table, standing }: { table: LiveTable; standing: Standing }) {
  const counts = [
    [handoverWord('handover.open'), standing.open.length],
    [handoverWord('handover.acked'), standing.acked.length],
    [t('rooms.aside'), standing.aside.length],
    [handoverWord('handover.out'), standing.out.length],
    [handoverWord('handover.tests'), table.tests.length],
    [handoverWord('handover.lost'), standing.lost.length],
  ] as const;
  return (
    <dl class="summary">
      {counts.map(([word, count], index) => (
        <div key={index} class={count > 0 ? 'some' : undefined}>
          <dt>{word}</dt>
          <dd>{count}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Which shift hands over: the choice is kept in the browser. */
function useShift(shifts: Polled<{ shifts: Shift[] }>) {
  const [kept, setKept] = useState(localStorage.getItem(KEPT));
  const choices = choicesOf(shifts.body?.shifts ?? [], link.serverNow());
  const choose = (next: string) => {
    localStorage.setItem(KEPT, next);
    setKept(next);
  };
  return { choices, chosen: chosenOf(kept, choices), choose };
}

interface ShiftChoiceProps {
  choices: Choice[];
  chosen: string;
  choose: (next: string) => void;
  zone: string;
}

function ShiftChoice({ choices, chosen, choose, zone }: ShiftChoiceProps) {
  return (
    <label class="shift">
      {handoverWord('handover.begin')}
      <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        {choices.map(({ value, turn }) => (
          <option key={value} value={value}>
            {turn === null
              ? value
              : handoverWord('handover.shift', { shift: pick(turn.name), time: clockTime(turn.began, zone).slice(0, 5) })}
          </option>
        ))}
      </select>
    </label>
  );
}

export function HandoverPage({ person }: { person: Person }) {
  const shifts = usePoll(askShifts, SHIFTS_MS);
  const { choices, chosen, choose } = useShift(shifts);
  const table = link.table;
  if (table === null || (shifts.body === null && shifts.problem === null)) return <p>{t('app.loading')}</p>;
  const zone = table.site.timezone;
  const standing = standingOf(table);
  const begin = momentOf(chosen, choices, link.serverNow(), zone);
  return (
    <>
      <h1>{handoverWord('handover.title')}</h1>
      <Summary table={table} standing={standing} />
      <Section title={handoverWord('handover.open')} count={standing.open.length}>
        {standing.open.map((alarm) => (
          <Open key={alarm.alarm} alarm={alarm} zone={zone} />
        ))}
      </Section>
      <Section title={handoverWord('handover.acked')} count={standing.acked.length}>
        {standing.acked.map((alarm) => (
          <Open key={alarm.alarm} alarm={alarm} zone={zone} />
        ))}
      </Section>
      <Section title={t('rooms.aside')} count={standing.aside.length}>
        {standing.aside.map((alarm) => (
          <Aside key={alarm.alarm} alarm={alarm} zone={zone} />
        ))}
      </Section>
      <Section title={handoverWord('handover.out')} count={standing.out.length}>
        {standing.out.map((alarm) => (
          <Aside key={alarm.alarm} alarm={alarm} zone={zone} />
        ))}
      </Section>
      <Section title={t('rooms.tests')} count={table.tests.length}>
        {table.tests.map((test) => (
          <li key={test.place}>
            {t('rooms.test_row', {
              place: whereOf(test),
              time: clockTime(Date.parse(test.until), zone),
              by: actorWords(test.by),
            })}
          </li>
        ))}
      </Section>
      <ShiftChoice choices={choices} chosen={chosen} choose={choose} zone={zone} />
      <TakeOver person={person} turn={choices.find((each) => each.value === chosen)?.turn ?? null} begin={begin} />
      <Changes begin={begin} table={table} />
    </>
  );
}
