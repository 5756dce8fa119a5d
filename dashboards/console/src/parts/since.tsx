// SPDX-License-Identifier: Apache-2.0
import { useNow } from '../hooks';
import { link } from '../live/link';
import { span, t } from '../words';

/** How long it has been so by the server's clock, from its ISO time. It goes on by itself. */
export function Since({ time }: { time: string | null }) {
  const age = useNow(() => span(time === null ? 0 : link.serverNow() - Date.parse(time)));
  return <>{t('card.since', { age })}</>;
}
