// SPDX-License-Identifier: Apache-2.0
// The alarms by priority, then time. The row that somebody has chosen is open.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { acts } from '../api';
import { link } from '../live/link';
import { testAt } from '../live/within';
import { Link } from '../parts/link';
import { useShown } from '../parts/more';
import { Shape } from '../parts/shape';
import { saidOf } from '../parts/what';
import { whereOf } from '../parts/where';
import { Actions } from '../rooms/actions';
import { storyOf } from '../rooms/card';
import { awaits } from '../rooms/steps';
import { calledFor, goerOf, signalOf } from '../rooms/who';
import type { Alarm, Person, Role } from '../types';
import { listed, pick, span, t } from '../words';
import { classWord } from '../words/terms';
import type { Row } from './groups';
import { BOLD, namesWithin, widthEm } from './label';
import { deskWord } from './words';

const placeName = (alarm: Alarm): string => whereOf(alarm) || deskWord('list.site');

/** The place stands above it already, and where there is little room the end is cut. */
function withoutPlace(text: string, alarm: Alarm): string {
  const place = pick(alarm.place_name);
  const rest = text.startsWith(place) ? text.slice(place.length).replace(/^\s*[:：]\s*/, '') : text;
  return rest === '' ? text : rest;
}

/** Since when the first of them is there; before it, that the signal of all of them is gone. */
const ageOf = (alarms: Alarm[]): string => {
  const raised = alarms.map((alarm) => (alarm.raised === null ? link.serverNow() : Date.parse(alarm.raised)));
  const age = span(link.serverNow() - Math.min(...raised));
  const signals = new Set(alarms.map(signalOf));
  return signals.size === 1 ? [...signals, age].join(' ').trim() : age;
};

interface LineProps {
  id: string;
  alarm: Alarm;
  role: Role;
  title: string;
  text: string;
  point?: string | null;
  age: string;
  note: string;
  /** Who is called still. */
  called: string;
  isOpen: boolean;
  isMember?: boolean;
  onOpen: () => void;
  children?: ComponentChildren;
}

/** One row: where, since when; how bad, what, and who is going; and who is called all the same. */
function Line({ id, alarm, role, title, text, point, age, note, called, isOpen, isMember, onOpen, children }: LineProps) {
  const { test } = alarm.state;
  const look = `desk-row card-${alarm.priority}${awaits(alarm, role) && !test ? ' unacked' : ''}${isMember ? ' member' : ''}`;
  return (
    <li class={look} data-alarm={id} tabIndex={-1} onFocusIn={onOpen}>
      <button class="desk-line" aria-expanded={isOpen} onClick={onOpen}>
        <span>
          <Shape priority={alarm.priority} />
          <strong class="desk-where">{title}</strong>
          {point && <span class="point">{point}</span>}
          <span class="desk-age">{age}</span>
        </span>
        <span>
          <span class={`badge badge-${alarm.priority}`}>{t(`priority.${alarm.priority}`)}</span>
          {test && <span class="badge badge-test">{t('card.test')}</span>}
          {!test && testAt(link.table?.tests ?? [], alarm.place) !== undefined && (
            <span class="badge badge-test">{deskWord('list.in_test')}</span>
          )}
          <span class="desk-what">{text}</span>
          <span class="desk-who">{note}</span>
        </span>
        {called !== '' && <span class="desk-called">{called}</span>}
      </button>
      {isOpen && children}
    </li>
  );
}

function AlarmLine({ alarm, person, ...rest }: { alarm: Alarm; person: Person } & Pick<LineProps, 'isOpen' | 'onOpen' | 'isMember'>) {
  const response = pick(alarm.response);
  const said = saidOf(alarm);
  return (
    <Line
      id={alarm.alarm}
      alarm={alarm}
      role={person.role}
      title={placeName(alarm)}
      {...said}
      text={withoutPlace(said.text, alarm)}
      age={ageOf([alarm])}
      note={alarm.state.test && !alarm.state.acked ? '' : goerOf(alarm)}
      called={calledFor([alarm])}
      {...rest}
    >
      <div class="desk-more">
        {response !== '' && (
          <p class="response">
            <span>{t('card.response')}</span> {response}
          </p>
        )}
        {acts(person) && <Actions alarm={alarm} role={person.role} />}
        {acts(person) && (
          <Link to={storyOf(alarm.alarm)} class="story-link">
            {t('card.story')}
          </Link>
        )}
      </div>
    </Line>
  );
}

/** The places of alarms, first those for which nobody has answered. */
function placesOf(alarms: Alarm[]): string[] {
  const unackedFirst = [...alarms.filter(({ state }) => !state.acked), ...alarms.filter(({ state }) => state.acked)];
  return [...new Set(unackedFirst.map(placeName))];
}

const saidPlaces = (names: string[], count: number): string =>
  count === 0 ? listed(names) : deskWord('list.and_more', { names: listed(names), count });

/** Where it is, as for a single alarm: as many places as there is room for. */
const groupTitle = (row: Row, maxEm: number): string =>
  row.by === 'rest' ? deskWord('list.rest') : namesWithin(placesOf(row.alarms), maxEm, saidPlaces);

/** What it is, and how many unless the note beside it says so. */
function groupText(row: Row, unacked: number): string {
  const count = row.alarms.length;
  if (row.by !== 'rest') {
    const causes = listed([...new Set(row.alarms.map((alarm) => classWord(alarm.class)))]);
    return unacked === count ? causes : `${causes} ×${count}`;
  }
  const places = new Set(row.alarms.map((alarm) => alarm.place));
  const where = deskWord('list.places', { count: places.size });
  return places.size === count ? where : `${deskWord('list.group', { count })} ${where}`;
}

interface ListProps {
  rows: Row[];
  /** The room there is for the first line of a row. */
  lineEm: number;
  person: Person;
  /** Is the first row that nobody has answered open as long as nobody has chosen one? */
  isFirstOpen: boolean;
  chosen: string | null;
  onChoose: (id: string | null) => void;
}

/** The id that is open. Once an open alarm is acknowledged, the next one is. */
function useOpen({ rows, person, chosen, isFirstOpen, onChoose }: ListProps): string | null {
  const wasAwaited = useRef(false);
  const isAwaited = (each: Alarm) => awaits(each, person.role);
  const alarms = rows.flatMap((row) => row.alarms);
  const alarm = alarms.find((each) => each.alarm === chosen);
  const isThere = alarm !== undefined || rows.some((row) => row.id === chosen);
  useEffect(() => {
    const waits = alarm !== undefined && isAwaited(alarm);
    if (alarm !== undefined && !waits && wasAwaited.current) onChoose(null);
    wasAwaited.current = waits;
  });
  const first = rows.find((row) => row.alarms.some(isAwaited)) ?? rows[0];
  return isThere ? chosen : isFirstOpen ? (first?.id ?? null) : null;
}

/** So many rows are shown at first, and so many more each time that somebody asks. */
export const ROWS_MAX = 50;

/** Where in `rows` the one is that is open, counted from 1; 0 for none. */
const placeOf = (open: string | null, rows: Row[]): number =>
  rows.findIndex((row) => row.id === open || row.alarms.some((alarm) => alarm.alarm === open)) + 1;

interface RowProps extends Pick<ListProps, 'lineEm' | 'person' | 'onChoose'> {
  row: Row;
  open: string | null;
}

const MemberLine = ({ alarm, isMember, open, person, onChoose }: Omit<RowProps, 'row' | 'lineEm'> & { alarm: Alarm; isMember: boolean }) => (
  <AlarmLine
    alarm={alarm}
    person={person}
    isMember={isMember}
    isOpen={open === alarm.alarm}
    onOpen={() => onChoose(alarm.alarm)}
  />
);

function Members({ row, ...rest }: RowProps) {
  const { rows, more } = useShown(row.alarms, ROWS_MAX, row.alarms.findIndex((alarm) => alarm.alarm === rest.open) + 1);
  return (
    <>
      {rows.map((alarm) => (
        <MemberLine key={alarm.alarm} alarm={alarm} isMember {...rest} />
      ))}
      {more && <li class="member">{more}</li>}
    </>
  );
}

/** What several alarms have in common, and these below it once it is chosen. */
function Group({ isUnfolded, ...props }: RowProps & { isUnfolded: boolean }) {
  const { row, lineEm, open, person, onChoose } = props;
  const age = ageOf(row.alarms);
  const unacked = row.alarms.filter((alarm) => !alarm.state.acked).length;
  const isOpen = placeOf(open, [row]) > 0;
  return (
    <>
      <Line
        id={row.id}
        alarm={row.alarms[0] as Alarm}
        role={person.role}
        title={groupTitle(row, lineEm - widthEm(age) * BOLD)}
        text={groupText(row, unacked)}
        age={age}
        note={unacked > 0 ? deskWord('list.unacked', { count: unacked }) : ''}
        called={calledFor(row.alarms)}
        isOpen={isOpen}
        onOpen={() => onChoose(row.id)}
      />
      {isOpen && isUnfolded && <Members {...props} />}
    </>
  );
}

export function AlarmList(props: ListProps) {
  const { chosen, person, onChoose } = props;
  const open = useOpen(props);
  const { rows, more } = useShown(props.rows, ROWS_MAX, placeOf(chosen, props.rows));
  const rest = { open, person, onChoose };
  return (
    <>
      <ol class="desk-rows">
        {rows.map((row) =>
          row.by === 'one' ? (
            <MemberLine key={row.id} alarm={row.alarms[0] as Alarm} isMember={false} {...rest} />
          ) : (
            <Group key={row.id} row={row} lineEm={props.lineEm} isUnfolded={chosen !== null} {...rest} />
          ),
        )}
      </ol>
      {more}
    </>
  );
}

const ROW_REM = 3.45;
const OPEN_REM = 8;
const CALLED_REM = 1.4;
/** Of the first line of a row: its border, its shape, and what lies between its parts. */
const AROUND_REM = 5;

/** The room for a title and an age in a list of this width. */
export const lineEmOf = (widthPx: number, rem: number): number => widthPx / rem - AROUND_REM;

/**
 * The number of rows that can be seen at once in an element of this height, one of them open or none. Any may be higher
 * while somebody is called to whom another has been faster.
 */
export const roomFor = (heightPx: number, rem: number, alarms: Alarm[], isOneOpen: boolean): number =>
  Math.max(1, Math.floor((heightPx / rem - (isOneOpen ? OPEN_REM : 0)) / (ROW_REM + (calledFor(alarms) === '' ? 0 : CALLED_REM))));
