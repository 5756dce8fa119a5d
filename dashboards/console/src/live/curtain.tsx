// SPDX-License-Identifier: Apache-2.0
// The no-contact curtain: a page whose link is dead covers everything that it can no longer vouch for.
import { useEffect, useRef } from 'preact/hooks';
import { clockTime, span, t } from '../words';
import { link } from './link';

export function Curtain() {
  const dialog = useRef<HTMLDialogElement>(null);
  // A modal dialog: nothing behind it can be reached, and no key closes it.
  const cover = () => dialog.current?.open || dialog.current?.showModal();
  useEffect(() => void cover(), []);
  const last = link.lastContact();
  const age = span(link.silenceMs());
  const zone = link.table?.site.timezone ?? 'UTC';
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
      <p class="curtain-since">
        {last === null ? t('curtain.never', { age }) : t('curtain.since', { time: clockTime(last, zone), age })}
      </p>
      <p id="curtain-meaning">{t('curtain.meaning')}</p>
      <p>{t('curtain.do')}</p>
    </dialog>
  );
}
