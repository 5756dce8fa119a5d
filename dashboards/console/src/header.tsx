// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { useNow, useRoute } from './hooks';
import { link } from './live/link';
import { Link } from './parts/link';
import { menuOf } from './routes';
import type { Person } from './types';
import { clockTime, currentLanguage, pick, span, t, type Language } from './words';

interface Props {
  person: Person | null;
  onLanguage: (language: Language) => void;
  onSignOut: () => void;
}

/** The server's time, and how long ago it was heard. */
function Contact({ timezone }: { timezone: string }) {
  const time = useNow(() => clockTime(link.serverNow(), timezone));
  const age = useNow(() => span(link.silenceMs()));
  return (
    <span class="contact">
      <span>{time}</span> <span class="muted">{t('link.age', { age })}</span>
    </span>
  );
}

/** Who one is, and what concerns only oneself. It closes when another page is opened. */
function Account({ person, onLanguage, onSignOut }: Props & { person: Person }) {
  const path = useRoute();
  const other = otherLanguage();
  return (
    <details class="account" key={path}>
      <summary>{person.name}</summary>
      <div>
        <span>{t(`role.${person.role}`)}</span>
        {menuOf(person.role, 'account').map((page) => (
          <Link key={page.path} to={page.path}>
            {t(page.word)}
          </Link>
        ))}
        <button lang={other} onClick={() => onLanguage(other)}>
          {t('nav.language')}
        </button>
        <button onClick={onSignOut}>{t('nav.sign_out')}</button>
      </div>
    </details>
  );
}

const otherLanguage = (): Language => (currentLanguage() === 'en' ? 'zh-CN' : 'en');

/** The pages; where they do not fit beside the rest, behind a button. Opening one closes them. */
function Pages({ person }: { person: Person }) {
  const path = useRoute();
  const [openAt, setOpenAt] = useState<string | null>(null);
  const isOpen = openAt === path;
  return (
    <nav aria-label={t('nav.label')} class={isOpen ? 'open' : undefined}>
      <button class="pages-button" aria-expanded={isOpen} aria-controls="pages" onClick={() => setOpenAt(isOpen ? null : path)}>
        {t('nav.label')}
      </button>
      <div id="pages">
        {menuOf(person.role, 'pages').map(({ path: to, word }) => (
          <Link key={to} to={to}>
            {t(word)}
          </Link>
        ))}
      </div>
    </nav>
  );
}

/** Where one is, who one is, and how old the contact with the server is. */
export function Header(props: Props) {
  const { person, onLanguage } = props;
  const site = useNow(() => link.table?.site ?? null, true);
  if (person === null) {
    const other = otherLanguage();
    return (
      <header class="top">
        <span class="brand">{t('app.name')}</span>
        <button lang={other} onClick={() => onLanguage(other)}>
          {t('nav.language')}
        </button>
      </header>
    );
  }
  return (
    <header class="top">
      <a class="skip" href="#content">
        {t('nav.skip')}
      </a>
      <span class="brand">{site === null ? t('app.name') : pick(site.name)}</span>
      <Pages person={person} />
      {site !== null && <Contact timezone={site.timezone} />}
      <Account {...props} person={person} />
    </header>
  );
}
