// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { api } from '../api';
import { Form, type Field } from '../parts/form';
import { ProblemLine } from '../parts/problem';
import { t } from '../words';
import { usersWord } from './words';

const FIELDS: Field[] = [
  { name: 'old', label: 'password.old', type: 'password', complete: 'current-password' },
  { name: 'new', label: 'password.new', type: 'password', complete: 'new-password' },
];

/** One's own password. */
export function PasswordPage() {
  const [isDone, setDone] = useState(false);
  const [isSaved, setSaved] = useState(true);
  return (
    <section class="sign">
      <h1>{t('password.title')}</h1>
      <p>{usersWord('password.about')}</p>
      <Form
        fields={FIELDS}
        submit="password.submit"
        onSubmit={async (entered) => {
          setDone(false);
          const { saved } = await api<{ saved: boolean }>('PUT', '/api/v1/session/password', entered);
          setSaved(saved);
          setDone(true);
        }}
      />
      {isDone && <p role="status">{usersWord('password.done')}</p>}
      <ProblemLine text={isDone && !isSaved ? usersWord('password.unsaved') : null} />
    </section>
  );
}
