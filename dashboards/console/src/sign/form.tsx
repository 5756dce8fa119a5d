// SPDX-License-Identifier: Apache-2.0
// Signing in, and at the first start claiming the gateway: two forms of one kind.
import type { ComponentChildren } from 'preact';
import { api, type Session } from '../api';
import { Form, type Field } from '../parts/form';
import { t, type Key } from '../words';
import { Trust } from './trust';

/** The server lets a try stand in line for some seconds, where somebody guesses. */
const PATIENCE_MS = 25_000;

interface Entrance {
  path: string;
  title: Key;
  submit: Key;
  about?: Key;
  fields: Field[];
}

export const SIGN_IN: Entrance = {
  path: '/api/v1/session',
  title: 'sign_in.title',
  submit: 'sign_in.submit',
  fields: [
    { name: 'id', label: 'sign_in.id', type: 'text', complete: 'username' },
    { name: 'password', label: 'sign_in.password', type: 'password', complete: 'current-password' },
  ],
};

export const CLAIM: Entrance = {
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

interface Props {
  form: Entrance;
  onSession: (session: Session) => void;
  /** What there is to be told before. */
  children?: ComponentChildren;
}

export function SignForm({ form, onSession, children }: Props) {
  return (
    <main id="content" class="sign">
      {children}
      <h1>{t(form.title)}</h1>
      {form.about && <p>{t(form.about)}</p>}
      <Form
        fields={form.fields}
        submit={form.submit}
        onSubmit={async (entered) => onSession(await api<Session>('POST', form.path, entered, PATIENCE_MS))}
      />
      <Trust />
      <p class="notice">{t('app.notice')}</p>
    </main>
  );
}
