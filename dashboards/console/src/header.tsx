// SPDX-License-Identifier: Apache-2.0
import { useLive } from './hooks';
import { link } from './live/link';
import { Link } from './parts/link';
import type { Person } from './types';
import { clockTime, currentLanguage, pick, span, t, type Language } from './words';

interface Props {
  person: Person | null;
  onLanguage: (language: Language) => void;
  onSignOut: () => void;
}

/** The server's time, and how long ago it was heard. */
function Contact({ timezone }: { timezone: string }) {
  return (
    <span class="contact">
      <span>{clockTime(link.serverNow(), timezone)}</span>{' '}
      <span class="muted">{t('link.age', { age: span(link.silenceMs()) })}</span>
    </span>
  );
}

/** Where one is, who one is, and how old the contact with the server is. */
export function Header({ person, onLanguage, onSignOut }: Props) {
  const other: Language = currentLanguage() === 'en' ? 'zh-CN' : 'en';
  useLive();
  const table = link.table;
  return (
    <header class="top">
      <a class="skip" href="#content">
        {t('nav.skip')}
      </a>
      <span class="brand">{table === null ? t('app.name') : pick(table.site.name)}</span>
      {person !== null && (
        <nav aria-label={t('nav.label')}>
          <Link to="/">{t('nav.rooms')}</Link>
          <Link to="/events">{t('nav.events')}</Link>
        </nav>
      )}
      {person !== null && table !== null && <Contact timezone={table.site.timezone} />}
      <span class="me">
        {person !== null && (
          <>
            <span>{t(`role.${person.role}`)}</span> <strong>{person.name}</strong>
            <button onClick={onSignOut}>{t('nav.sign_out')}</button>
          </>
        )}
        <button lang={other} onClick={() => onLanguage(other)}>
          {t('nav.language')}
        </button>
      </span>
    </header>
  );
}
