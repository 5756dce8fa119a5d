// SPDX-License-Identifier: Apache-2.0
// Being called on one's own phone; and, for everybody, whose phones can be called at all.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { useLive } from '../hooks';
import { link } from '../live/link';
import { usePoll } from '../live/poll';
import { ProblemLine } from '../parts/problem';
import { Shape, Unknown } from '../parts/shape';
import { Trust } from '../sign/trust';
import { span, t } from '../words';
import { callNoMore, calls, callThisPhone, type Calls } from './phone';
import { usersWord } from './words';

interface Phone {
  person: string;
  name: string;
  reachable: boolean;
  received: string | null;
  service: string;
}

const POLL_MS = 10_000;

function PhoneRow({ phone }: { phone: Phone }) {
  const age = phone.received === null ? null : span(link.serverNow() - Date.parse(phone.received));
  return (
    <li data-phone={phone.person}>
      {phone.reachable ? <Shape priority="journal" /> : <Unknown />} <strong>{phone.name}</strong>{' '}
      {usersWord(phone.reachable ? 'phone.reachable' : 'phone.unreachable')}{' '}
      <span class="muted">{age === null ? usersWord('phone.never_heard') : usersWord('phone.heard', { age })}</span>
    </li>
  );
}

function Phones() {
  const { body, problem } = usePoll(() => api<{ phones: Phone[] }>('GET', '/api/v1/push/subscriptions'), POLL_MS);
  useLive();
  return (
    <>
      <h2>{usersWord('phone.all')}</h2>
      <ProblemLine text={problem} />
      {body?.phones.length === 0 && <p>{usersWord('phone.none')}</p>}
      <ul class="phones">
        {body?.phones.map((phone, at) => (
          <PhoneRow key={`${phone.person} ${at}`} phone={phone} />
        ))}
      </ul>
    </>
  );
}

export function PhonePage() {
  const [state, setState] = useState<Calls | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const look = async () => setState(await calls());
  useEffect(() => void look(), []);
  const change = async (what: () => Promise<unknown>) => {
    setProblem(null);
    await what().catch((reason: Error) => setProblem(reason.message));
    await look();
  };
  return (
    <section class="sign">
      <h1>{t('phone.title')}</h1>
      <p>{usersWord('phone.about')}</p>
      <ProblemLine text={problem} />
      {state !== null && <p role="status">{usersWord(`phone.${state}`)}</p>}
      {state === 'off' && (
        <button class="primary" onClick={() => void change(callThisPhone)}>
          {usersWord('phone.turn_on')}
        </button>
      )}
      {state === 'on' && <button onClick={() => void change(callNoMore)}>{usersWord('phone.turn_off')}</button>}
      <Trust />
      <Phones />
    </section>
  );
}
