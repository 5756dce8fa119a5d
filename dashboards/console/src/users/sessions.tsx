// SPDX-License-Identifier: Apache-2.0
// Where somebody is signed in, to be ended one by one or all at once: a phone that was lost, a desk nobody left.
import { useEffect, useState } from 'preact/hooks';
import { api, segments } from '../api';
import { link } from '../live/link';
import { ProblemLine } from '../parts/problem';
import { span } from '../words';
import { deviceOf } from './device';
import { usersWord } from './words';

interface Session {
  session: string;
  since: string;
  seen: string;
  address: string | null;
  agent: string | null;
  own: boolean;
}

const ago = (time: string): string => span(Math.max(0, link.serverNow() - Date.parse(time)));

export function Sessions({ id }: { id: string }) {
  const [found, setFound] = useState<Session[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [said, setSaid] = useState('');
  const path = `/api/v1/users/${segments(id)}/sessions`;
  const read = async () => setFound((await api<{ sessions: Session[] }>('GET', path)).sessions);
  const attempt = async (what: () => Promise<void>) => {
    try {
      setProblem(null);
      await what();
    } catch (reason) {
      setProblem((reason as Error).message);
    }
  };
  const end = (session = '') =>
    attempt(async () => {
      setSaid('');
      const { ended, saved } = await api<{ ended: number; saved: boolean }>('DELETE', session === '' ? path : `${path}/${session}`, {});
      setSaid(usersWord('users.ended', { count: ended }));
      await read();
      if (!saved) setProblem(usersWord('users.sessions_unsaved'));
    });
  useEffect(() => void attempt(read), [id]);
  return (
    <section class="sessions">
      <h2>{usersWord('users.sessions')}</h2>
      {found?.length === 0 && <p class="muted">{usersWord('users.sessions_none')}</p>}
      <ul>
        {found?.map(({ session, since, seen, address, agent, own }) => (
          <li key={session} title={agent ?? undefined}>
            <strong>{deviceOf(agent)}</strong> {address} {own && <em>{usersWord('users.session_own')}</em>}
            <br />
            <span class="muted">{usersWord('users.session_times', { since: ago(since), seen: ago(seen) })}</span>
            <button data-session={session} onClick={() => void end(session)}>
              {usersWord('users.session_end')}
            </button>
          </li>
        ))}
      </ul>
      {(found?.length ?? 0) > 1 && (
        <button data-action="end-all" onClick={() => void end()}>
          {usersWord('users.sessions_end')}
        </button>
      )}
      <ProblemLine text={problem} />
      <p role="status">{said}</p>
    </section>
  );
}
