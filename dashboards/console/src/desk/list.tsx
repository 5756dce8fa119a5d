// SPDX-License-Identifier: Apache-2.0
// The alarms by priority, then time. The row that somebody has chosen is open.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { acts } from '../api';
import { link } from '../live/link';
import { testAt } from '../live/within';
import { Link } from '../parts/link';
import { useShown } from '../parts/more';
import { isWide } from '../parts/size';
import { Shape } from '../parts/shape';
import { saidOf } from '../parts/what';
import { whereOf } from '../parts/where';
import { Actions } from '../rooms/actions';
import { storyOf } from '../rooms/card';
import { awaits } from '../rooms/steps';
import { calledFor, goerOf, signalOf } from '../rooms/who';
import type { Alarm, Person, Role } from '../types';
import { commas, listed, pick, span, t } from '../words';
import { classWord } from '../words/terms';
import { titleEm, type Beside, type Fitted } from './fit';
import type { Row } from './groups';
import { BOLD, cut } from './label';
import { deskWord } from './words';

/** What the name of a part has at least. */
const POINT_EM = 2.5;

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
  /** More of the title, a line each. */
  names?: string[];
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
function Line({ id, alarm, role, title, names = [], text, point, age, note, called, isOpen, isMember, onOpen, children }: LineProps) {
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
        {names.map((line) => (
          <strong key={line} class="desk-names">
            {line}
          </strong>
        ))}
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

/** The place and its part; where there is little room for both, what tells places apart is the last to be cut. */
function titleOf(alarm: Alarm, point: string | null | undefined, age: string, widthRem: number): string {
  const name = placeName(alarm);
  if (!isWide()) return name;
  return cut(name, (titleEm(widthRem, age) - (point ? POINT_EM : 0)) / BOLD) || name;
}

interface AlarmLineProps extends Pick<LineProps, 'isOpen' | 'onOpen' | 'isMember'> {
  alarm: Alarm;
  person: Person;
  widthRem: number;
}

function AlarmLine({ alarm, person, widthRem, ...rest }: AlarmLineProps) {
  const age = ageOf([alarm]);
  const response = pick(alarm.response);
  const said = saidOf(alarm);
  return (
    <Line
      id={alarm.alarm}
      alarm={alarm}
      role={person.role}
      title={titleOf(alarm, said.point, age, widthRem)}
      {...said}
      text={withoutPlace(said.text, alarm)}
      age={age}
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

/** What is said of a row of several beside the names of its places. */
export const BESIDE: Beside = {
  ageOf: ({ alarms }) => ageOf(alarms),
  calledFor: ({ alarms }) => calledFor(alarms),
  namesOf: (row) => (row.by === 'one' ? [] : placesOf(row.alarms)),
  commas,
  more: (names, count) => deskWord('list.and_more', { names, count }),
};

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
  rows: Fitted[];
  widthRem: number;
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
  const alarms = rows.flatMap(({ row }) => row.alarms);
  const alarm = alarms.find((each) => each.alarm === chosen);
  const isThere = alarm !== undefined || rows.some(({ row }) => row.id === chosen);
  useEffect(() => {
    const waits = alarm !== undefined && isAwaited(alarm);
    if (alarm !== undefined && !waits && wasAwaited.current) onChoose(null);
    wasAwaited.current = waits;
  });
  const first = rows.find(({ row }) => row.alarms.some(isAwaited)) ?? rows[0];
  return isThere ? chosen : isFirstOpen ? (first?.row.id ?? null) : null;
}

/** So many rows are shown at first, and so many more each time that somebody asks. */
export const ROWS_MAX = 50;

/** Where in `rows` the one is that is open, counted from 1; 0 for none. */
const placeOf = (open: string | null, rows: Row[]): number =>
  rows.findIndex((row) => row.id === open || row.alarms.some((alarm) => alarm.alarm === open)) + 1;

interface RowProps extends Pick<ListProps, 'widthRem' | 'person' | 'onChoose'> {
  row: Row;
  open: string | null;
}

const MemberLine = ({ alarm, isMember, open, person, widthRem, onChoose }: Omit<RowProps, 'row'> & { alarm: Alarm; isMember: boolean }) => (
  <AlarmLine
    alarm={alarm}
    person={person}
    isMember={isMember}
    widthRem={widthRem}
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
function Group({ isUnfolded, names, ...props }: RowProps & { names: string[]; isUnfolded: boolean }) {
  const { row, open, person, onChoose } = props;
  const age = ageOf(row.alarms);
  const unacked = row.alarms.filter((alarm) => !alarm.state.acked).length;
  const isOpen = placeOf(open, [row]) > 0;
  return (
    <>
      <Line
        id={row.id}
        alarm={row.alarms[0] as Alarm}
        role={person.role}
        title={names[0] ?? deskWord('list.rest')}
        names={names.slice(1)}
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
  const { chosen, person, widthRem, onChoose } = props;
  const open = useOpen(props);
  const { rows, more } = useShown(props.rows, ROWS_MAX, placeOf(chosen, props.rows.map(({ row }) => row)));
  const rest = { open, person, widthRem, onChoose };
  return (
    <>
      <ol class="desk-rows">
        {rows.map(({ row, names }) =>
          row.by === 'one' ? (
            <MemberLine key={row.id} alarm={row.alarms[0] as Alarm} isMember={false} {...rest} />
          ) : (
            <Group key={row.id} row={row} names={names} isUnfolded={chosen !== null} {...rest} />
          ),
        )}
      </ol>
      {more}
    </>
  );
}
