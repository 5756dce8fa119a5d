// SPDX-License-Identifier: Apache-2.0
import { useRef, useState } from 'preact/hooks';
import { useNow, useRoute } from './hooks';
import { link } from './live/link';
import { Link } from './parts/link';
import { menuOf, pagesOf, type Entry } from './routes';
import type { Person } from './types';
import { clockTime, currentLanguage, pick, span, t, type Language } from './words';

interface Props {
  person: Person | null;
  onLanguage: (language: Language) => void;
  onSignOut: () => void;
}

/** The server's time, and how long ago it was heard: in fewer words where there is little room. */
function Contact({ timezone }: { timezone: string }) {
  const time = useNow(() => clockTime(link.serverNow(), timezone));
  const age = useNow(() => span(link.silenceMs()));
  return (
    <span class="contact">
      <span>{time}</span> <span class="muted roomy">{t('link.age', { age })}</span>
      <span class="muted narrow">{t('link.age_short', { age })}</span>
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
        <Links pages={menuOf(person.role, 'account')} />
        <button lang={other} onClick={() => onLanguage(other)}>
          {t('nav.language')}
        </button>
        <button onClick={onSignOut}>{t('nav.sign_out')}</button>
      </div>
    </details>
  );
}

const otherLanguage = (): Language => (currentLanguage() === 'en' ? 'zh-CN' : 'en');

/** Something that is opened on a page and closes when another one is. */
function useOpenHere(): [boolean, (isOpen: boolean) => void] {
  const path = useRoute();
  const [openAt, setOpenAt] = useState<string | null>(null);
  return [openAt === path, (isOpen) => setOpenAt(isOpen ? path : null)];
}

const Links = ({ pages }: { pages: Entry[] }) => (
  <>
    {pages.map(({ path, word }) => (
      <Link key={path} to={path}>
        {t(word)}
      </Link>
    ))}
  </>
);

/** The pages that the role does not work with every day. */
function MorePages({ pages }: { pages: Entry[] }) {
  const here = useRoute();
  const [isOpen, open] = useOpenHere();
  const button = useRef<HTMLButtonElement>(null);
  const isHere = pages.some(({ path }) => path === here);
  const close = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !isOpen) return;
    event.preventDefault(); // the menu around it stays open for the next one
    open(false);
    button.current?.focus();
  };
  return (
    <div class="more-pages" onKeyDown={close}>
      <button
        ref={button}
        aria-expanded={isOpen}
        aria-controls="more-pages"
        class={isHere ? 'here' : undefined}
        onClick={() => open(!isOpen)}
      >
        {t('nav.more')}
      </button>
      {isOpen && (
        <div id="more-pages">
          <Links pages={pages} />
        </div>
      )}
    </div>
  );
}

/** The pages; where they do not fit beside the rest, behind a button. Opening one closes them. */
function Pages({ person }: { person: Person }) {
  const [isOpen, open] = useOpenHere();
  const { first, more } = pagesOf(person.role);
  const button = useRef<HTMLButtonElement>(null);
  const close = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !isOpen || event.defaultPrevented) return;
    open(false);
    button.current?.focus();
  };
  return (
    <nav aria-label={t('nav.label')} class={isOpen ? 'open' : undefined} onKeyDown={close}>
      <button ref={button} class="pages-button" aria-expanded={isOpen} aria-controls="pages" onClick={() => open(!isOpen)}>
        <svg class="narrow" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
          <path d="M3 6h18M3 12h18M3 18h18" stroke="currentColor" stroke-width="3" />
        </svg>
        <span class="roomy">{t('nav.label')}</span>
        <span class="unseen narrow">{t('nav.label')}</span>
      </button>
      <div id="pages">
        <Links pages={first} />
        {more.length > 0 && <MorePages pages={more} />}
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
