// SPDX-License-Identifier: Apache-2.0
// What is not to be announced for a while: shelving, and taking out of service. The server decides who may.
import { useEffect, useRef, useState } from 'preact/hooks';
import { acts, command } from '../api';
import { link } from '../live/link';
import { allRows, usePoll } from '../live/poll';
import { useShown } from '../parts/more';
import { ProblemLine } from '../parts/problem';
import { Shape, Unknown } from '../parts/shape';
import { whereOf } from '../parts/where';
import type { Person } from '../types';
import { dateTime, t } from '../words';
import { classWord } from '../words/terms';
import { AsideForm, refusalOf, type Verb, wantsSecond } from './aside';
import { Filter, isWanted, type Wanted } from './parts';
import type { AnyAlarm } from './plant';
import { engineerWord } from './words';

const POLL_MS = 3000;
function State({ alarm }: { alarm: AnyAlarm }) {
  const { shelved, out_of_service: isOut } = alarm.state;
  const zone = link.table?.site.timezone ?? 'UTC';
  const until = (at: string | null) =>
    at === null ? '' : ` ${engineerWord('shelve.until', { time: dateTime(Date.parse(at), zone) })}`;
  if (!shelved && !isOut) return null;
  return (
    <p>
      <Unknown /> {shelved && `${t('suppression.shelved')}${until(alarm.shelved_until)}`} {shelved && isOut && '· '}
      {isOut && `${t('suppression.out_of_service')}${until(alarm.out_of_service_until)}`}
    </p>
  );
}

function AlarmItem({ alarm, mayAct, onDone }: { alarm: AnyAlarm; mayAct: boolean; onDone: () => void }) {
  const [verb, setVerb] = useState<Verb | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [wanting, setWanting] = useState<Error | null>(null);
  const { shelved, out_of_service: isOut, open } = alarm.state;
  const row = useRef<HTMLLIElement>(null);
  const hasActed = useRef(false);
  /** The form goes away; whoever works by the keyboard stays with the alarm. */
  const leave = () => {
    setVerb(null);
    setWanting(null);
    row.current?.focus();
  };
  // It has its place among the others by what it is now, and a row that moves loses the cursor.
  useEffect(() => {
    if (hasActed.current) row.current?.focus();
    hasActed.current = false;
  }, [shelved, isOut]);
  const send = async (what: string, body: object = {}) => {
    setBusy(true);
    setProblem(null);
    try {
      await command(alarm.alarm, what, body);
      hasActed.current = true;
      leave();
      onDone();
    } catch (reason) {
      const refused = reason as Error;
      setProblem(refusalOf(refused, body));
      if (wantsSecond(refused)) setWanting(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <li class="rule" tabIndex={-1} data-alarm-row={alarm.alarm} ref={row}>
      <p>
        <Shape priority={open ? alarm.priority : 'journal'} /> <strong>{alarm.alarm}</strong> {classWord(alarm.class)}
      </p>
      <p class="muted">{whereOf(alarm)}</p>
      <State alarm={alarm} />
      {mayAct && alarm.managed && <p class="muted">{engineerWord('shelve.never')}</p>}
      <ProblemLine text={problem} />
      {mayAct && verb === null && (
        <div class="pair">
          {shelved && (
            <button data-action="unshelve" disabled={isBusy} onClick={() => send('unshelve')}>
              {engineerWord('shelve.back')}
            </button>
          )}
          {!shelved && !alarm.managed && (
            <button data-action="shelve" onClick={() => setVerb('shelve')}>
              {engineerWord('shelve.button')}
            </button>
          )}
          {isOut ? (
            <button data-action="in-service" disabled={isBusy} onClick={() => send('in-service')}>
              {engineerWord('shelve.in')}
            </button>
          ) : (
            <button data-action="out-of-service" onClick={() => setVerb('out-of-service')}>
              {engineerWord('shelve.out')}
            </button>
          )}
        </div>
      )}
      {verb !== null && (
        <AsideForm
          verb={verb}
          isBusy={isBusy}
          refused={wanting}
          onSend={(body) => send(verb, body)}
          onCancel={() => {
            setProblem(null);
            leave();
          }}
        />
      )}
    </li>
  );
}

/** So many alarms are shown at first, and more on demand. */
const ROWS_MAX = 50;

function AlarmItems({ alarms, mayAct, onDone }: { alarms: AnyAlarm[]; mayAct: boolean; onDone: () => void }) {
  const { rows, more } = useShown(alarms, ROWS_MAX);
  return (
    <>
      <ul class="tree">
        {rows.map((alarm) => (
          <AlarmItem key={alarm.alarm} alarm={alarm} mayAct={mayAct} onDone={onDone} />
        ))}
      </ul>
      {more}
    </>
  );
}

export function ShelvePart({ person }: { person: Person }) {
  const [wanted, setWanted] = useState<Wanted>({ place: '', words: '' });
  const polled = usePoll(() => allRows<AnyAlarm>('/api/v1/alarms?all=1', 'alarms'), POLL_MS);
  if (polled.body === null) return polled.problem ? <ProblemLine text={polled.problem} /> : <p>{t('app.loading')}</p>;
  const isAside = (alarm: AnyAlarm) => alarm.state.shelved || alarm.state.out_of_service;
  const shown = polled.body
    .filter((alarm) => isWanted(wanted, alarm.place, [alarm.alarm, classWord(alarm.class), whereOf(alarm)]))
    .sort((a, b) => Number(isAside(b)) - Number(isAside(a)) || a.alarm.localeCompare(b.alarm));
  return (
    <>
      <p>{engineerWord('shelve.about')}</p>
      <Filter wanted={wanted} onChange={setWanted} />
      <ProblemLine text={polled.problem} />
      {shown.length === 0 && <p>{engineerWord('filter.none')}</p>}
      <AlarmItems alarms={shown} mayAct={acts(person)} onDone={polled.again} />
    </>
  );
}
