// SPDX-License-Identifier: Apache-2.0
import type { Alarm, Role } from '../types';
import { listed, t, tAny } from '../words';

/** A manager answers for everybody: named is for whom. */
function called(roles: Role[]): string {
  const named = roles.filter((role) => role !== 'manager' || roles.length === 1);
  return listed(named.map((role) => tAny(`calling.${role}`) ?? role));
}

export const stillCalling = (roles: Role[]): string => (roles.length > 0 ? t('calling.still', { roles: called(roles) }) : '');

/** Who is there, who is going, or that nobody is; and who is called still. */
export function whoGoes(alarm: Alarm): string {
  const { calling = [], state } = alarm;
  const who = goerOf(alarm);
  return state.acked && calling.length > 0 ? t('card.still_calling', { who, roles: called(calling) }) : who;
}

function goerOf(alarm: Alarm): string {
  const { acked, attended } = alarm.state;
  if (attended) return alarm.there ? t('card.there', { who: alarm.there }) : t('card.there_unknown');
  if (acked) return alarm.going?.length ? t('card.going', { who: listed(alarm.going), count: alarm.going.length }) : t('card.going_unknown');
  return t('card.nobody');
}
