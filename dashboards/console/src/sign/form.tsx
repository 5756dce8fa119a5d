// SPDX-License-Identifier: Apache-2.0
// Signing in, and at the first start claiming the gateway: two forms of one kind.
import { useState } from 'preact/hooks';
import { api, type Session } from '../api';
import { ProblemLine } from '../parts/problem';
import { t, type Key } from '../words';

interface Field {
  name: string;
  label: Key;
  type: 'text' | 'password';
  complete: string;
}

interface Form {
  path: string;
  title: Key;
  submit: Key;
  about?: Key;
  fields: Field[];
}

export const SIGN_IN: Form = {
  path: '/api/v1/session',
  title: 'sign_in.title',
  submit: 'sign_in.submit',
  fields: [
    { name: 'id', label: 'sign_in.id', type: 'text', complete: 'username' },
    { name: 'password', label: 'sign_in.password', type: 'password', complete: 'current-password' },
  ],
};

export const CLAIM: Form = {
  path: '/api/v1/claim',
  title: 'claim.title',
  submit: 'claim.submit',
  about: 'claim.about',
  fields: [
    { name: 'code', label: 'claim.code', type: 'text', complete: 'one-time-code' },
    { name: 'id', label: 'claim.id', type: 'text', complete: 'username' },
    { name: 'name', label: 'claim.name', type: 'text', complete: 'name' },
    { name: 'password', label: 'claim.password', type: 'password', complete: 'new-password' },
  ],
};

export function SignForm({ form, onSession }: { form: Form; onSession: (session: Session) => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement));
    setBusy(true);
    setProblem(null);
    try {
      onSession(await api<Session>('POST', form.path, data));
    } catch (reason) {
      setProblem((reason as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main id="content" class="sign">
      <h1>{t(form.title)}</h1>
      {form.about && <p>{t(form.about)}</p>}
      <form onSubmit={submit}>
        {form.fields.map((field) => (
          <label key={field.name}>
            {t(field.label)}
            <input name={field.name} type={field.type} autocomplete={field.complete} autocapitalize="none" required />
          </label>
        ))}
        <ProblemLine text={problem} />
        <button class="primary" disabled={busy}>
          {t(form.submit)}
        </button>
      </form>
      <p class="notice">{t('app.notice')}</p>
    </main>
  );
}
