// SPDX-License-Identifier: Apache-2.0
// The no-contact curtain: a page whose link is dead covers everything that it can no longer vouch for. What was last
// known is written on it, with its age.
import { useEffect, useRef } from 'preact/hooks';
import { useLive } from '../hooks';
import { LastKnown } from '../offline/known';
import { lastKnown, type Snapshot } from '../offline/snapshot';
import { SoundBar } from '../sound/bar';
import { clockTime, span, t } from '../words';
import { link } from './link';
import { showTab } from './tab';

/** From this page's own time with the server, else what an earlier page kept. */
function whatWasKnown(): Snapshot | null {
  const heardMs = link.lastContact();
  if (link.table === null || heardMs === null) return lastKnown();
  return { known: link.table, heardMs, ageMs: link.silenceMs() };
}

export function Curtain() {
  const dialog = useRef<HTMLDialogElement>(null);
  // A modal dialog: nothing behind it can be reached, and no key closes it.
  const cover = () => dialog.current?.open || dialog.current?.showModal();
  useEffect(() => void cover(), []);
  useLive();
  useEffect(() => showTab({ lost: true }));
  const last = whatWasKnown();
  const since =
    last === null
      ? t('curtain.never', { age: span(link.silenceMs()) })
      : t('curtain.since', { time: clockTime(last.heardMs, last.known.site.timezone), age: span(last.ageMs) });
  return (
    <dialog
      class="curtain"
      role="alertdialog"
      aria-labelledby="curtain-title"
      aria-describedby="curtain-meaning"
      ref={dialog}
      onKeyDown={(event) => event.key === 'Escape' && event.preventDefault()}
      onClose={cover}
    >
      <h1 id="curtain-title" tabIndex={-1} autofocus>
        {t('curtain.title')}
      </h1>
      <p class="curtain-since">{since}</p>
      <p id="curtain-meaning">{t('curtain.meaning')}</p>
      <p>{t('curtain.do')}</p>
      <SoundBar />
      {last !== null && <LastKnown known={last.known} ageMs={last.ageMs} />}
    </dialog>
  );
}
