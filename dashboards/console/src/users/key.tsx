// SPDX-License-Identifier: Apache-2.0
// The key with which somebody signs commands that go by MQTT, as `tocsin user key` makes it. It is shown this once.
import { useState } from 'preact/hooks';
import { api, segments } from '../api';
import { ProblemLine } from '../parts/problem';
import { usersWord } from './words';

export function CommandKey({ id, hasKey }: { id: string; hasKey: boolean }) {
  const [has, setHas] = useState(hasKey);
  const [key, setKey] = useState<string | null>(null);
  const [said, setSaid] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const change = async (method: 'POST' | 'DELETE') => {
    setKey(null);
    setSaid('');
    setProblem(null);
    try {
      const made = await api<{ key?: string; has_key: boolean }>(method, `/api/v1/users/${segments(id)}/key`, {});
      setHas(made.has_key);
      setKey(made.key ?? null);
      setSaid(usersWord(method === 'POST' ? 'users.key_made' : 'users.key_ended'));
    } catch (reason) {
      setProblem((reason as Error).message);
    }
  };
  return (
    <section class="key">
      <h2>{usersWord('users.key')}</h2>
      <p class="muted">{usersWord(has ? 'users.key_has' : 'users.key_none')}</p>
      <div class="pair">
        <button data-action="make-key" onClick={() => void change('POST')}>
          {usersWord(has ? 'users.key_again' : 'users.key_make')}
        </button>
        {has && (
          <button data-action="end-key" onClick={() => void change('DELETE')}>
            {usersWord('users.key_end')}
          </button>
        )}
      </div>
      <p role="status">
        {said} {key !== null && <code>{key}</code>}
      </p>
      <ProblemLine text={problem} />
    </section>
  );
}
