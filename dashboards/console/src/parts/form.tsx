// SPDX-License-Identifier: Apache-2.0
// A form that says why it was refused, and lets nobody send it twice.
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../api';
import { t, type Key } from '../words';
import { ProblemLine } from './problem';

export interface Field {
  name: string;
  label: Key;
  type: 'text' | 'password' | 'choice';
  complete?: string;
  /** Of a choice: what is sent, and the word for it. */
  choices?: readonly { value: string; label: Key }[];
  value?: string;
  optional?: boolean;
}

function Entry({ field }: { field: Field }) {
  if (field.type === 'choice') {
    return (
      <select name={field.name} defaultValue={field.value}>
        {field.choices?.map(({ value, label }) => (
          <option key={value} value={value} selected={value === field.value}>
            {t(label)}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      name={field.name}
      type={field.type}
      autocomplete={field.complete ?? 'off'}
      autocapitalize="none"
      defaultValue={field.value ?? ''}
      required={field.optional !== true}
    />
  );
}

export type Entered = Record<string, string>;

interface Props {
  fields: readonly Field[];
  submit: Key;
  /** Send it; what it throws is shown. Afterwards the form is empty again. */
  onSubmit: (entered: Entered) => Promise<void>;
}

/** Seconds that are counted down to 0, from where they are set. */
function useCountdown(): [number, (seconds: number) => void] {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (seconds === 0) return undefined;
    const timer = setTimeout(() => setSeconds(seconds - 1), 1000);
    return () => clearTimeout(timer);
  }, [seconds]);
  return [seconds, setSeconds];
}

export function Form({ fields, submit, onSubmit }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [waitS, setWaitS] = useCountdown();
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const entered = Object.fromEntries(new FormData(form)) as Entered;
    setBusy(true);
    setProblem(null);
    try {
      await onSubmit(entered);
      form.reset();
    } catch (reason) {
      /* The button counts the seconds; the sentence, which is read out, stays as it is. */
      setProblem(reason instanceof Problem ? reason.sentence : (reason as Error).message);
      setWaitS(reason instanceof Problem ? reason.retryS : 0);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="form" aria-busy={busy} onSubmit={send}>
      {fields.map((field) => (
        <label key={field.name}>
          {t(field.label)}
          <Entry field={field} />
        </label>
      ))}
      <ProblemLine text={problem} />
      <button class="primary" disabled={busy || waitS > 0}>
        {waitS > 0 ? t('problem.retry', { count: waitS }) : t(submit)}
      </button>
      <p class="muted" role="status">
        {busy && t('form.busy')}
      </p>
    </form>
  );
}
