// SPDX-License-Identifier: Apache-2.0
// Taking over: who signs with what note, and who has signed before. That somebody has is shown when it is in the
// record, and not before.
import { useState } from 'preact/hooks';
import { acts, api, Problem } from '../api';
import { useRecord } from '../log/events';
import { actorWords } from '../parts/actor';
import { Moment } from '../parts/moment';
import { ProblemLine } from '../parts/problem';
import type { ConsoleEvent, Person } from '../types';
import { pick } from '../words';
import type { Choice } from './begin';
import { handoverWord } from './words';

/** Of those who signed, the last few. */
const SHOWN = 3;
const QUERY = `type=shift.taken_over&limit=${SHOWN}`;
/** As the server takes it. */
const NOTE_BYTES_MAX = 255;

/** A manager may take over for everybody; who else depends on whose shift it is. */
const mayTake = (person: Person, turn: Choice['turn']): boolean =>
  acts(person) && (turn === null || turn.role === null || turn.role === person.role || person.role === 'manager');

function Taken({ event }: { event: ConsoleEvent }) {
  const { actor, reason, text } = event.data;
  return (
    <li data-taken={event.sequence}>
      <strong>{handoverWord('handover.taken', { who: actorWords(actor ?? '') })}</strong>
      <Moment time={event.time} />
      <span>{pick(text ?? null)}</span>
      {reason && <span>{handoverWord('handover.noted', { note: reason })}</span>}
    </li>
  );
}

function SignForm({ turn, begin }: { turn: Choice['turn']; begin: number }) {
  const [note, setNote] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const isLong = new TextEncoder().encode(note).length > NOTE_BYTES_MAX;
  const sign = async (submitted: Event) => {
    submitted.preventDefault();
    setBusy(true);
    try {
      const body = { since: new Date(begin).toISOString(), ...(turn && { shift: turn.shift }), ...(note !== '' && { note }) };
      const { recorded } = await api<{ recorded: boolean }>('POST', '/api/v1/handover', body);
      setProblem(recorded ? null : handoverWord('handover.unrecorded'));
      if (recorded) setNote('');
    } catch (reason) {
      setProblem((reason as Problem).message);
    }
    setBusy(false);
  };
  return (
    <form class="form take-over" onSubmit={(event) => void sign(event)}>
      <label>
        {handoverWord('handover.note')}
        <input value={note} maxLength={NOTE_BYTES_MAX} onInput={(event) => setNote(event.currentTarget.value)} />
      </label>
      <ProblemLine text={isLong ? handoverWord('handover.note_long') : problem} />
      <button class="primary" data-action="take-over" disabled={isBusy || isLong}>
        {turn === null ? handoverWord('handover.take') : handoverWord('handover.take_shift', { shift: pick(turn.name) })}
      </button>
    </form>
  );
}

export function TakeOver({ person, turn, begin }: { person: Person; turn: Choice['turn']; begin: number }) {
  const { read, problem } = useRecord(QUERY, SHOWN);
  const taken = read?.events ?? [];
  return (
    <section class="handover">
      <h2>{handoverWord('handover.taking')}</h2>
      <ProblemLine text={problem} />
      {read !== null && taken.length === 0 && <p class="muted">{handoverWord('handover.nobody')}</p>}
      <ul>
        {taken.map((event) => (
          <Taken key={event.sequence} event={event} />
        ))}
      </ul>
      {mayTake(person, turn) && <SignForm turn={turn} begin={begin} />}
    </section>
  );
}
