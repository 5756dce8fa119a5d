// SPDX-License-Identifier: Apache-2.0
// Somebody was signed out who did not ask for it: removed, given another role, or away for too long. The page hears
// no alarm any more, which is as bad as no contact, and sounds and looks like it.
import { useEffect } from 'preact/hooks';
import { useLive } from '../hooks';
import { link } from '../live/link';
import { showTab } from '../live/tab';
import { ProblemLine } from '../parts/problem';
import { SoundBar } from '../sound/bar';
import { siren } from '../sound/siren';
import { t } from '../words';

/** `onBack` is called when another page of this browser has signed in again. */
export function Ended({ onBack }: { onBack: () => void }) {
  useLive();
  const isBack = link.table !== null;
  useEffect(() => {
    siren.follow(true, []);
    showTab({ lost: true });
  });
  useEffect(() => {
    if (isBack) onBack();
  }, [isBack]);
  return (
    <>
      <ProblemLine text={t('sign_in.ended')} />
      <SoundBar />
    </>
  );
}
