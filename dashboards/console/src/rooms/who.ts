// SPDX-License-Identifier: Apache-2.0
import type { Alarm } from '../types';
import { listed, t } from '../words';

/** Who is there, who is going, or that nobody is. */
export function whoGoes(alarm: Alarm): string {
  const { acked, attended } = alarm.state;
  if (attended) return alarm.there ? t('card.there', { who: alarm.there }) : t('card.there_unknown');
  if (acked) return alarm.going?.length ? t('card.going', { who: listed(alarm.going), count: alarm.going.length }) : t('card.going_unknown');
  return t('card.nobody');
}
