// SPDX-License-Identifier: Apache-2.0
// What is not to be announced for a while: shelving, and taking out of service. The server decides who may.
import { useState } from 'preact/hooks';
import { acts, command } from '../api';
import { link } from '../live/link';
import { allRows, usePoll } from '../live/poll';
import { ProblemLine } from '../parts/problem';
import { Shape, Unknown } from '../parts/shape';
import type { Person } from '../types';
import { dateTime, pick, span, t } from '../words';
import { classWord } from '../words/terms';
import { Filter, isWanted, type Wanted } from './parts';
import type { AnyAlarm } from './plant';
import { engineerWord } from './words';

const POLL_MS = 3000;
const MINUTES = [15, 60, 240, 480];
const MINUTE_MS = 60_000;

type Verb = 'shelve' | 'out-of-service';

interface FormProps {
  verb: Verb;
  isBusy: boolean;
  onSend: (body: object) => void;
  onCancel: () => void;
}

function ReasonForm({ verb, isBusy, onSend, onCancel }: FormProps) {
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const second = String(form.get('second') ?? '');
    const signed = second === '' ? {} : { second_id: second, second_password: String(form.get('second-password')) };
    onSend({ minutes: Number(form.get('minutes')), reason: String(form.get('reason')), ...signed });
  };
  return (
    <form class="shelve-form" onSubmit={send}>
      <label>
        {engineerWord('shelve.for')}
        <select name="minutes">
          {MINUTES.map((minutes) => (
            <option key={minutes} value={minutes}>
              {span(minutes * MINUTE_MS)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {engineerWord('shelve.reason')}
        <input name="reason" required maxLength={80} />
      </label>
      {verb === 'out-of-service' && (
        <>
          <label>
            {engineerWord('shelve.second')}
            <input name="second" autocomplete="off" />
          </label>
          <label>
            {engineerWord('shelve.second_password')}
            <input name="second-password" type="password" autocomplete="off" />
          </label>
        </>
      )}
      <button class="primary" disabled={isBusy} data-action={`send-${verb}`}>
        {engineerWord(verb === 'shelve' ? 'shelve.button' : 'shelve.out')}
      </button>
      <button type="button" onClick={onCancel}>
        {engineerWord('shelve.cancel')}
      </button>
    </form>
  );
}

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
  const send = async (what: string, body: object = {}) => {
    setBusy(true);
    setProblem(null);
    try {
      await command(alarm.alarm, what, body);
      setVerb(null);
      onDone();
    } catch (reason) {
      setProblem((reason as Error).message);
    } finally {
      setBusy(false);
    }
  };
  const { shelved, out_of_service: isOut, open } = alarm.state;
  return (
    <li class="rule" data-alarm-row={alarm.alarm}>
      <p>
        <Shape priority={open ? alarm.priority : 'journal'} /> <strong>{alarm.alarm}</strong> {classWord(alarm.class)}
      </p>
      <p class="muted">{pick(alarm.place_name)}</p>
      <State alarm={alarm} />
      <ProblemLine text={problem} />
      {mayAct && verb === null && (
        <div class="pair">
          {shelved ? (
            <button data-action="unshelve" disabled={isBusy} onClick={() => send('unshelve')}>
              {engineerWord('shelve.back')}
            </button>
          ) : (
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
        <ReasonForm verb={verb} isBusy={isBusy} onSend={(body) => send(verb, body)} onCancel={() => setVerb(null)} />
      )}
    </li>
  );
}

export function ShelvePart({ person }: { person: Person }) {
  const [wanted, setWanted] = useState<Wanted>({ place: '', words: '' });
  const polled = usePoll(() => allRows<AnyAlarm>('/api/v1/alarms?all=1', 'alarms'), POLL_MS);
  if (polled.body === null) return polled.problem ? <ProblemLine text={polled.problem} /> : <p>{t('app.loading')}</p>;
  const isAside = (alarm: AnyAlarm) => alarm.state.shelved || alarm.state.out_of_service;
  const shown = polled.body
    .filter((alarm) => isWanted(wanted, alarm.place, [alarm.alarm, classWord(alarm.class), pick(alarm.place_name)]))
    .sort((a, b) => Number(isAside(b)) - Number(isAside(a)) || a.alarm.localeCompare(b.alarm));
  return (
    <>
      <p>{engineerWord('shelve.about')}</p>
      <Filter wanted={wanted} onChange={setWanted} />
      <ProblemLine text={polled.problem} />
      {shown.length === 0 && <p>{engineerWord('filter.none')}</p>}
      <ul class="tree">
        {shown.map((alarm) => (
          <AlarmItem key={alarm.alarm} alarm={alarm} mayAct={acts(person)} onDone={polled.again} />
        ))}
      </ul>
    </>
  );
}
