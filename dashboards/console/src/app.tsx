// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';
import { api, Problem, type Session } from './api';
import { Header } from './header';
import { useLive, useRoute } from './hooks';
import { Curtain } from './live/curtain';
import { link } from './live/link';
import { presence } from './live/presence';
import { showTab } from './live/tab';
import { forget } from './offline/snapshot';
import { followVersion } from './offline/version';
import { Guarded } from './parts/guarded';
import { ProblemLine } from './parts/problem';
import { Announcer } from './rooms/announcer';
import { awaits } from './rooms/steps';
import { Page } from './routes';
import { Ended } from './sign/ended';
import { CLAIM, SIGN_IN, SignForm } from './sign/form';
import { forgetScreen, signInAsScreen } from './sign/screen';
import { leave, meansToStay, stay } from './sign/stay';
import { SoundBar } from './sound/bar';
import { siren } from './sound/siren';
import type { Person } from './types';
import { callNoMore, keepCalling } from './users/phone';
import { currentLanguage, setLanguage, t, type Language } from './words';

const RETRY_MS = 2000;

type Entry = 'asking' | 'sign-in' | 'claim' | Person;

/** Everything behind the sign-in. Without contact the curtain covers it. */
function Inside({ person }: { person: Person }) {
  useLive();
  const path = useRoute();
  const isLost = link.isOutOfContact();
  const alarms = link.table?.alarms ?? [];
  const awaited = alarms.filter((alarm) => awaits(alarm, person.role));
  useEffect(() => {
    siren.follow(isLost, awaited);
    if (!isLost) showTab({ lost: false, alarms: alarms.length, awaited: awaited.length });
  });
  return (
    <>
      {isLost && <Curtain />}
      <main id="content">
        <SoundBar />
        <Announcer awaited={awaited} />
        <Guarded at={path}>
          <Page person={person} path={path} />
        </Guarded>
        <footer class="notice">{t('app.notice')}</footer>
      </main>
    </>
  );
}

function NewVersion() {
  return (
    <p class="new-version" role="status">
      {t('version.newer')} <button onClick={() => location.reload()}>{t('version.take')}</button>
    </p>
  );
}

export function App() {
  const [entry, setEntry] = useState<Entry>('asking');
  const [problem, setProblem] = useState<string | null>(null);
  const [isOld, setOld] = useState(false);
  const [language, show] = useState(currentLanguage());

  const ask = async (): Promise<void> => {
    try {
      enter(await api<Session>('GET', '/api/v1/session'));
    } catch (reason) {
      const found = reason as Problem;
      if (found.status === 401) await beSignedOut(found.name === 'unclaimed');
      else askLater(found);
    }
  };
  const askLater = (reason: Problem): void => {
    setProblem(reason.message);
    setTimeout(() => void ask(), RETRY_MS);
  };
  const beSignedOut = async (isNew: boolean): Promise<void> => {
    presence.stop();
    forget();
    try {
      const screen = await signInAsScreen();
      if (screen !== null) return enter(screen);
      setProblem(null);
    } catch (reason) {
      const found = reason as Problem;
      if (found.status !== 401) return askLater(found);
      setProblem(found.message);
    }
    setEntry(isNew ? 'claim' : 'sign-in');
    if (isNew || !meansToStay()) {
      siren.follow(false, []);
      showTab({ lost: false, alarms: 0, awaited: 0 });
    }
    return undefined;
  };
  const enter = (session: Session): void => {
    setProblem(null);
    setEntry(session.user);
    stay();
    // A gateway that is away hears of it at the next start.
    void keepCalling().catch(() => undefined);
    link.start(() => void ask());
    // A screen on the wall is nobody.
    if (session.user.role !== 'wall') presence.start();
  };
  const signOut = async (): Promise<void> => {
    leave();
    forgetScreen();
    await callNoMore().catch(() => undefined);
    await api('DELETE', '/api/v1/session', {}).catch((reason: Error) => setProblem(reason.message));
    await ask();
  };
  useEffect(() => {
    void ask();
    followVersion(() => setOld(true));
    addEventListener('pointerdown', siren.allow, { once: true });
    addEventListener('keydown', siren.allow, { once: true });
  }, []);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = t('app.name');
    document.querySelector<HTMLLinkElement>('link[rel=manifest]')?.setAttribute('href', `/${language}.webmanifest`);
  }, [language]);
  const choose = (next: Language): void => {
    setLanguage(next);
    show(next);
  };
  const person = typeof entry === 'object' ? entry : null;
  return (
    <>
      <Header person={person} onLanguage={choose} onSignOut={() => void signOut()} />
      <ProblemLine text={problem} />
      {isOld && <NewVersion />}
      {entry === 'asking' && problem !== null && <Curtain />}
      {person !== null && <Inside person={person} />}
      {entry === 'sign-in' && (
        <SignForm key="sign-in" form={SIGN_IN} onSession={enter}>
          {meansToStay() && <Ended onBack={() => void ask()} />}
        </SignForm>
      )}
      {entry === 'claim' && <SignForm key="claim" form={CLAIM} onSession={enter} />}
    </>
  );
}
