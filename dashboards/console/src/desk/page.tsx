// SPDX-License-Identifier: Apache-2.0
// The security desk: left the places, right the alarms, below the links, the doors and what happened today.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { acts, api } from '../api';
import { go } from '../hooks';
import { useHealth, usePoints, type Version } from '../live/present';
import { link } from '../live/link';
import type { LiveTable } from '../live/messages';
import { TestForm, TestRows, TestsLine } from '../engineer/tests';
import { engineerWord } from '../engineer/words';
import { ProblemLine } from '../parts/problem';
import { ReachLine } from '../reach/line';
import { isWide, useSize } from '../parts/size';
import { useCardKeys } from '../rooms/keys';
import type { Person } from '../types';
import { clockTime, pick, span, t } from '../words';
import { Bulletin } from './bulletin';
import './desk.css';
import { DoorPanel } from './doors';
import { fittedRows, inOneLine } from './fit';
import { isFlood, longRowsOf } from './groups';
import { HealthPanel } from './health';
import { AlarmList, BESIDE, ROWS_MAX } from './list';
import { Plan } from './plan';
import { statusOf } from './status';
import { useWall } from './wall';
import { deskWord } from './words';

const POLL_MS = 3000;
const WALL = 'wall';
/** The width of a list before it is known. */
const UNKNOWN_REM = 30;

/** The server's clock, what is running, and how old the contact is: what the header says elsewhere. */
function WallHeader({ table, person }: { table: LiveTable; person: Person }) {
  const [version, setVersion] = useState<Version | null>(null);
  useEffect(() => void api<Version>('GET', '/api/v1/version').then(setVersion, () => undefined), []);
  return (
    <header class="wall-top">
      <h1>{pick(table.site.name)}</h1>
      <strong class="wall-clock">{clockTime(link.serverNow(), table.site.timezone)}</strong>
      <span>{t('link.age', { age: span(link.silenceMs()) })}</span>
      {version !== null && (
        <span>{deskWord('wall.build', { version: version.version, build: version.build.slice(0, 8) })}</span>
      )}
      {acts(person) && <button onClick={() => go('/desk')}>{deskWord('desk.leave_wall')}</button>}
    </header>
  );
}

function Alarms({ table, person, isWall, chosen, onChoose }: AlarmsProps) {
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const now = link.serverNow();
  // Where a page is narrow a title goes on in a second line.
  const widthRem = size === null ? UNKNOWN_REM : (size.width / size.rem) * (isWide() ? 1 : 2);
  const rows =
    isWall && isWide() && size !== null
      ? fittedRows(table.alarms, { heightRem: size.height / size.rem, widthRem }, chosen !== null, now, BESIDE)
      : inOneLine(longRowsOf(table.alarms, ROWS_MAX, now), widthRem, BESIDE);
  const count = table.alarms.length;
  return (
    <section class="desk-alarms">
      <h2>
        {count === 0 ? deskWord('list.none') : deskWord('list.title', { count })}
        {isFlood(table.alarms, now) && <span class="flood">{deskWord('list.flood')}</span>}
      </h2>
      {isWall && <TestsLine table={table} />}
      <div class="desk-list" ref={frame}>
        <AlarmList
          rows={rows}
          widthRem={widthRem}
          person={person}
          isFirstOpen={!isWall}
          chosen={chosen}
          onChoose={onChoose}
        />
      </div>
    </section>
  );
}

interface AlarmsProps {
  table: LiveTable;
  person: Person;
  isWall: boolean;
  chosen: string | null;
  onChoose: (id: string | null) => void;
}

function Desk({ table, person, isWall }: { table: LiveTable; person: Person; isWall: boolean }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const points = usePoints(POLL_MS);
  const health = useHealth(POLL_MS);
  // Points that are no longer the present are not shown as if they were.
  const isStale = points.isStale();
  const statuses = useMemo(
    () => statusOf(table, isStale ? [] : (points.body ?? [])),
    [table, points.body, isStale],
  );
  const choosePlace = (place: string) => {
    const alarm = table.alarms.find((each) => each.place === place || each.place?.startsWith(`${place}/`));
    if (alarm !== undefined) setChosen(alarm.alarm);
  };
  return (
    <div class="desk">
      <Alarms table={table} person={person} isWall={isWall} chosen={chosen} onChoose={setChosen} />
      <section class="desk-plan">
        <Plan table={table} statuses={statuses} isFixed={isWall} onChoose={choosePlace} />
      </section>
      <section class="desk-health">
        <h2>{deskWord('health.title')}</h2>
        <HealthPanel health={health} alarms={[...table.alarms, ...table.aside]} />
        <ReachLine />
      </section>
      <section class="desk-doors">
        <h2>{deskWord('doors.title')}</h2>
        <DoorPanel points={points} places={table.places} />
      </section>
      <section class="desk-today">
        <h2>{deskWord('today.title')}</h2>
        <Bulletin />
      </section>
      <ProblemLine text={health.problem ?? points.problem} />
    </div>
  );
}

export function DeskPage({ person, rest }: { person: Person; rest: string }) {
  const isWall = rest === WALL;
  useWall(isWall);
  useCardKeys();
  const [isTesting, setTesting] = useState(false);
  const table = link.table;
  const toWall = () => {
    void document.documentElement.requestFullscreen?.().catch(() => undefined);
    go(`/desk/${WALL}`);
  };
  if (table === null) return <p>{t('app.loading')}</p>;
  return (
    <>
      {isWall ? (
        <WallHeader table={table} person={person} />
      ) : (
        <div class="desk-top">
          <h1>{deskWord('desk.title')}</h1>
          <span class="muted keys">{deskWord('desk.keys')}</span>
          {acts(person) && (
            <button aria-expanded={isTesting} data-action="tests" onClick={() => setTesting(!isTesting)}>
              {engineerWord('tab.tests')}
            </button>
          )}
          <button onClick={toWall}>{deskWord('desk.wall')}</button>
        </div>
      )}
      {!isWall && <TestRows table={table} person={person} />}
      {!isWall && isTesting && <TestForm table={table} onDone={() => setTesting(false)} />}
      <Desk table={table} person={person} isWall={isWall} />
    </>
  );
}
