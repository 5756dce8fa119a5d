// SPDX-License-Identifier: Apache-2.0
// Who may sign in. For engineers.
import { useEffect, useState } from 'preact/hooks';
import { api, segments } from '../api';
import { Form, type Entered, type Field } from '../parts/form';
import { ProblemLine } from '../parts/problem';
import { addressOfScreen } from '../sign/screen';
import type { Person, Role } from '../types';
import { t } from '../words';
import { CommandKey } from './key';
import { Sessions } from './sessions';
import { usersWord } from './words';

const USERS = '/api/v1/users';
const PEOPLE: Role[] = ['caregiver', 'security', 'manager', 'engineer', 'auditor'];

interface User extends Person {
  has_key: boolean;
}

interface UsersBody {
  users: User[];
  /** The disk has them, too. */
  saved: boolean;
}

/** An answer to a change; the token of a screen is told this once. */
interface ChangeBody {
  id: string;
  saved: boolean;
  token?: string;
}

const choicesOf = (roles: Role[]) => roles.map((value) => ({ value, label: `role.${value}` as const }));

const NEW_FIELDS: Field[] = [
  { name: 'id', label: 'claim.id', type: 'text' },
  { name: 'name', label: 'users.name', type: 'text' },
  { name: 'role', label: 'users.role', type: 'choice', choices: choicesOf([...PEOPLE, 'wall']), value: 'caregiver' },
  { name: 'password', label: 'users.password_new', type: 'password', complete: 'new-password', optional: true },
];

function fieldsOf(person: Person): Field[] {
  const name: Field = { name: 'name', label: 'users.name', type: 'text', value: person.name };
  if (person.role === 'wall') return [name];
  return [
    name,
    { name: 'role', label: 'users.role', type: 'choice', choices: choicesOf(PEOPLE), value: person.role },
    { name: 'password', label: 'users.password_change', type: 'password', complete: 'new-password', optional: true },
  ];
}

/** What was left empty is not sent. */
const filled = (entered: Entered): Entered => Object.fromEntries(Object.entries(entered).filter(([, text]) => text !== ''));

interface RowProps {
  person: User;
  onChanged: () => Promise<void>;
}

function Row({ person, onChanged }: RowProps) {
  const [isAsking, setAsking] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const [isSaved, setSaved] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const path = `${USERS}/${segments(person.id)}`;
  const remove = async () => {
    try {
      await api('DELETE', path, {});
      await onChanged();
    } catch (reason) {
      setProblem((reason as Error).message);
      setAsking(false);
    }
  };
  return (
    <details class="user" data-user={person.id} onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>
        <strong>{person.name}</strong> {person.id} <span class="muted">{t(`role.${person.role}`)}</span>
      </summary>
      <Form
        key={`${person.name} ${person.role}`}
        fields={fieldsOf(person)}
        submit="users.change"
        onSubmit={async (entered) => {
          setSaved(false);
          const { saved } = await api<ChangeBody>('PUT', path, filled(entered));
          await onChanged();
          setSaved(saved);
        }}
      />
      <p role="status">{isSaved ? usersWord('users.saved') : ''}</p>
      {isOpen && <Sessions key={person.role} id={person.id} />}
      {isOpen && person.role !== 'wall' && <CommandKey key={`${person.role} ${person.has_key}`} id={person.id} hasKey={person.has_key} />}
      <ProblemLine text={problem} />
      {isAsking ? (
        <div class="pair">
          <button data-action="remove-for-good" onClick={() => void remove()}>
            {usersWord('users.remove_sure', { name: person.name })}
          </button>
          <button onClick={() => setAsking(false)}>{t('card.cancel')}</button>
        </div>
      ) : (
        <button data-action="remove" onClick={() => setAsking(true)}>
          {usersWord('users.remove')}
        </button>
      )}
    </details>
  );
}

export function UsersPage() {
  const [found, setFound] = useState<UsersBody | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [screen, setScreen] = useState<string | null>(null);
  const read = async () => {
    try {
      setFound(await api<UsersBody>('GET', USERS));
      setProblem(null);
    } catch (reason) {
      setProblem((reason as Error).message);
    }
  };
  useEffect(() => void read(), []);
  const add = async (entered: Entered) => {
    setScreen(null);
    const { token } = await api<ChangeBody>('POST', USERS, filled(entered));
    if (token !== undefined) setScreen(addressOfScreen(token));
    await read();
  };
  return (
    <>
      <h1>{t('users.title')}</h1>
      <ProblemLine text={problem ?? (found?.saved === false ? usersWord('users.unsaved') : null)} />
      {found?.users.map((person) => (
        <Row key={person.id} person={person} onChanged={read} />
      ))}
      <section class="sign">
        <h2>{t('users.add')}</h2>
        <p class="muted">{usersWord('users.add_about')}</p>
        <Form fields={NEW_FIELDS} submit="users.add" onSubmit={add} />
        {screen !== null && (
          <p role="status">
            {usersWord('users.screen')} <code>{screen}</code>
          </p>
        )}
      </section>
    </>
  );
}
