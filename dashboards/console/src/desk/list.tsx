// SPDX-License-Identifier: Apache-2.0
// The alarms by priority, then time. The row that somebody has chosen is open.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { acts } from '../api';
import { link } from '../live/link';
import { Link } from '../parts/link';
import { Shape } from '../parts/shape';
import { saidOf } from '../parts/what';
import { Actions } from '../rooms/actions';
import { storyOf } from '../rooms/card';
import { whoGoes } from '../rooms/who';
import type { Alarm, Person } from '../types';
import { pick, span, t } from '../words';
import { classWord } from '../words/terms';
import type { Row } from './groups';
import { deskWord } from './words';

const placeName = (alarm: Alarm): string => pick(alarm.place_name) || deskWord('list.site');

const ageOf = (alarms: Alarm[]): string => {
  const raised = alarms.map((alarm) => (alarm.raised === null ? link.serverNow() : Date.parse(alarm.raised)));
  return span(link.serverNow() - Math.min(...raised));
};

interface LineProps {
  id: string;
  alarm: Alarm;
  title: string;
  text: string;
  point?: string | null;
  age: string;
  note: string;
  isOpen: boolean;
  isMember?: boolean;
  onOpen: () => void;
  children?: ComponentChildren;
}

/** One row: where, how bad, since when; what, and who is going. */
function Line({ id, alarm, title, text, point, age, note, isOpen, isMember, onOpen, children }: LineProps) {
  const { acked } = alarm.state;
  const look = `desk-row card-${alarm.priority}${acked ? '' : ' unacked'}${isMember ? ' member' : ''}`;
  return (
    <li class={look} data-alarm={id} tabIndex={-1} onFocusIn={onOpen}>
      <button class="desk-line" aria-expanded={isOpen} onClick={onOpen}>
        <span>
          <Shape priority={alarm.priority} />
          <strong class="desk-where">{title}</strong>
          <span class={`badge badge-${alarm.priority}`}>{t(`priority.${alarm.priority}`)}</span>
          <span class="desk-age">{age}</span>
        </span>
        <span>
          <span class="desk-what">{text}</span>
          {point && <span class="point">{point}</span>}
          <span class="desk-who">{note}</span>
        </span>
      </button>
      {isOpen && children}
    </li>
  );
}

function AlarmLine({ alarm, person, ...rest }: { alarm: Alarm; person: Person } & Pick<LineProps, 'isOpen' | 'onOpen' | 'isMember'>) {
  const response = pick(alarm.response);
  return (
    <Line
      id={alarm.alarm}
      alarm={alarm}
      title={placeName(alarm)}
      {...saidOf(alarm)}
      age={ageOf([alarm])}
      note={whoGoes(alarm)}
      {...rest}
    >
      <div class="desk-more">
        {response !== '' && (
          <p class="response">
            <span>{t('card.response')}</span> {response}
          </p>
        )}
        {acts(person) && <Actions alarm={alarm} />}
        {acts(person) && (
          <Link to={storyOf(alarm.alarm)} class="story-link">
            {t('card.story')}
          </Link>
        )}
      </div>
    </Line>
  );
}

const groupTitle = (row: Row): string => {
  const first = row.alarms[0] as Alarm;
  if (row.by === 'place') return placeName(first);
  return row.by === 'cause' ? classWord(first.class) : deskWord('list.rest');
};

function groupText(row: Row): string {
  const first = row.alarms[0] as Alarm;
  const many = deskWord('list.group', { count: row.alarms.length });
  if (row.by === 'place') return `${classWord(first.class)} · ${many}`;
  const places = new Set(row.alarms.map((alarm) => alarm.place));
  return `${many} ${deskWord('list.places', { count: places.size })}`;
}

interface ListProps {
  rows: Row[];
  person: Person;
  /** Is the first row open as long as nobody has chosen one? */
  isFirstOpen: boolean;
  chosen: string | null;
  onChoose: (id: string | null) => void;
}

/** The id that is open. Once an open alarm is acknowledged, the next one is. */
function useOpen({ rows, chosen, isFirstOpen, onChoose }: ListProps): string | null {
  const wasUnacked = useRef(false);
  const alarms = rows.flatMap((row) => row.alarms);
  const alarm = alarms.find((each) => each.alarm === chosen);
  const isThere = alarm !== undefined || rows.some((row) => row.id === chosen);
  useEffect(() => {
    if (alarm?.state.acked === true && wasUnacked.current) onChoose(null);
    wasUnacked.current = alarm?.state.acked === false;
  });
  return isThere ? chosen : isFirstOpen ? (rows[0]?.id ?? null) : null;
}

export function AlarmList(props: ListProps) {
  const { rows, person, chosen, onChoose } = props;
  const open = useOpen(props);
  return (
    <ol class="desk-rows">
      {rows.flatMap((row) => {
        const first = row.alarms[0] as Alarm;
        const line = (alarm: Alarm, isMember: boolean) => (
          <AlarmLine
            key={alarm.alarm}
            alarm={alarm}
            person={person}
            isMember={isMember}
            isOpen={open === alarm.alarm}
            onOpen={() => onChoose(alarm.alarm)}
          />
        );
        if (row.by === 'one') return [line(first, false)];
        const isOpen = open === row.id || row.alarms.some((alarm) => alarm.alarm === open);
        const unacked = row.alarms.filter((alarm) => !alarm.state.acked).length;
        const head = (
          <Line
            key={row.id}
            id={row.id}
            alarm={first}
            title={groupTitle(row)}
            text={groupText(row)}
            age={ageOf(row.alarms)}
            note={unacked > 0 ? deskWord('list.unacked', { count: unacked }) : ''}
            isOpen={isOpen}
            onOpen={() => onChoose(row.id)}
          />
        );
        return isOpen && chosen !== null ? [head, ...row.alarms.map((alarm) => line(alarm, true))] : [head];
      })}
    </ol>
  );
}

const ROW_REM = 3.7;
const OPEN_REM = 8;

/** The number of rows that can be seen at once in an element of this height, one of them open or none. */
export const roomFor = (heightPx: number, rem: number, isOneOpen: boolean): number =>
  Math.max(1, Math.floor((heightPx / rem - (isOneOpen ? OPEN_REM : 0)) / ROW_REM));
