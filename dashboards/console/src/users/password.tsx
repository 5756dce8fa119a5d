// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { api } from '../api';
import { Form, type Field } from '../parts/form';
import { t } from '../words';
import { usersWord } from './words';

const FIELDS: Field[] = [
  { name: 'old', label: 'password.old', type: 'password', complete: 'current-password' },
  { name: 'new', label: 'password.new', type: 'password', complete: 'new-password' },
];

/** One's own password. */
export function PasswordPage() {
  const [isDone, setDone] = useState(false);
  return (
    <section class="sign">
      <h1>{t('password.title')}</h1>
      <p>{usersWord('password.about')}</p>
      <Form
        fields={FIELDS}
        submit="password.submit"
        onSubmit={async (entered) => {
          setDone(false);
          await api('PUT', '/api/v1/session/password', entered);
          setDone(true);
        }}
      />
      {isDone && <p role="status">{usersWord('password.done')}</p>}
    </section>
  );
}
