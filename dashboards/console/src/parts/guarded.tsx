// SPDX-License-Identifier: Apache-2.0
// What fails in one page stays in it. Without this an exception would leave the page as it last was, calm, with no
// curtain and no sound, while the clock above it goes on.
import type { ComponentChildren } from 'preact';
import { useEffect, useErrorBoundary } from 'preact/hooks';
import { t } from '../words';
import { ProblemLine } from './problem';

/** What a page choked on may be gone by then, and nobody stands at a screen on the wall to reload it. */
const RETRY_MS = 5000;

/** `at` is the path of what it guards: another page is tried at once. */
export function Guarded({ at, children }: { at: string; children: ComponentChildren }) {
  const [failure, retry] = useErrorBoundary((reason) => console.error(reason));
  useEffect(() => {
    if (failure === undefined) return undefined;
    const timer = setTimeout(retry, RETRY_MS);
    return () => clearTimeout(timer);
  }, [failure]);
  useEffect(retry, [at]);
  if (failure === undefined) return <>{children}</>;
  return (
    <>
      <h1>{t('page.failed')}</h1>
      <ProblemLine text={t('page.failed_about')} />
    </>
  );
}
