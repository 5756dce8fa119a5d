// SPDX-License-Identifier: Apache-2.0
// For how long and why an alarm is set aside. For some it takes two people: the server says so, and the second signs
// here, beside the first.
import { useEffect, useId, useRef } from 'preact/hooks';
import { span, t } from '../words';
import './aside.css';
import { engineerWord } from './words';

const MINUTES = [15, 60, 240, 480];
const MINUTE_MS = 60_000;

export type Verb = 'shelve' | 'out-of-service' | 'test-begin';

const SUBMITS = { shelve: 'shelve.button', 'out-of-service': 'shelve.out', 'test-begin': 'test.begin' } as const;

/** Nobody has signed, or nobody of another role; what was signed does not fit. */
const REFUSALS = ['second_role_required', 'second_person'];

/** Is it for want of a second person that the server refused? */
export const wantsSecond = (refused: Error): boolean => REFUSALS.includes(refused.name);

/** What was wanting, in the words of this form: the server's are for whoever sends a role along. */
export function refusalOf(refused: Error, body: object): string {
  if (refused.name !== 'second_role_required') return refused.message;
  return engineerWord('second_id' in body ? 'shelve.second_same' : 'shelve.second_wanting');
}

/** The cursor goes to what was wanting. */
function SecondPerson({ refused }: { refused: Error }) {
  const about = useId();
  const id = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (password.current !== null) password.current.value = '';
    const isPasswordWrong = refused.name === 'second_person';
    (isPasswordWrong ? password : id).current?.focus();
  }, [refused]);
  return (
    <fieldset class="second-person" aria-describedby={about}>
      <legend>{engineerWord('shelve.second')}</legend>
      <p id={about}>{engineerWord('shelve.second_about')}</p>
      <label>
        {engineerWord('shelve.second_id')}
        <input name="second_id" required autocomplete="off" autocapitalize="none" ref={id} />
      </label>
      <label>
        {engineerWord('shelve.second_password')}
        <input name="second_password" type="password" required autocomplete="off" ref={password} />
      </label>
    </fieldset>
  );
}

interface Props {
  verb: Verb;
  isBusy: boolean;
  /** The last time that a second person was wanting; null while it is not known that one is needed. */
  refused: Error | null;
  onSend: (body: object) => void;
  onCancel: () => void;
}

export function AsideForm({ verb, isBusy, refused, onSend, onCancel }: Props) {
  const first = useRef<HTMLSelectElement>(null);
  useEffect(() => first.current?.focus(), []);
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    // The button is not disabled: it would lose the cursor.
    if (isBusy) return;
    const { minutes, ...said } = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement));
    onSend({ minutes: Number(minutes), ...said });
  };
  return (
    <form class="shelve-form" aria-busy={isBusy} onSubmit={send}>
      <label>
        {engineerWord('shelve.for')}
        <select name="minutes" ref={first}>
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
      {refused !== null && <SecondPerson refused={refused} />}
      <button class="primary" aria-disabled={isBusy} data-action={`send-${verb}`}>
        {engineerWord(SUBMITS[verb])}
      </button>
      <button type="button" onClick={onCancel}>
        {engineerWord('shelve.cancel')}
      </button>
      {isBusy && <p class="muted">{t('form.busy')}</p>}
    </form>
  );
}
