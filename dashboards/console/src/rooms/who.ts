// SPDX-License-Identifier: Apache-2.0
import type { Alarm, Role } from '../types';
import { listed, t, tAny } from '../words';

/** A manager answers for everybody: named is for whom. */
function called(roles: Role[]): string {
  const named = roles.filter((role) => role !== 'manager' || roles.length === 1);
  return listed(named.map((role) => tAny(`calling.${role}`) ?? role));
}

/** Who is called still for what somebody is going to; for anything else it says that nobody is. */
const callingOf = ({ calling = [], state }: Alarm): Role[] => (state.acked ? calling : []);

export const stillCalling = (roles: Role[]): string => (roles.length > 0 ? t('calling.still', { roles: called(roles) }) : '');

export const calledFor = (alarms: Alarm[]): string => stillCalling([...new Set(alarms.flatMap(callingOf))]);

/** What the signal has come to: that of an alarm may be gone, answered or not (ISA-18.2), and it waits all the same. */
export const signalOf = (alarm: Alarm): string =>
  [againWords(alarm), alarm.state.active ? '' : t('row.over')].filter((word) => word !== '').join(' ');

/** Whoever presses again wants somebody still: it is said apart from since when. */
export function againWords({ again }: Alarm): string {
  if (!again) return '';
  return t(again.isRaised ? 'card.reraised' : 'card.realarmed');
}

/** … and who is called still. */
export function whoGoes(alarm: Alarm): string {
  const who = goerOf(alarm);
  const roles = callingOf(alarm);
  return roles.length > 0 ? t('card.still_calling', { who, roles: called(roles) }) : who;
}

/** Who is there, who is going, or that nobody is. */
export function goerOf(alarm: Alarm): string {
  const { acked, attended } = alarm.state;
  if (attended) return alarm.there ? t('card.there', { who: alarm.there }) : t('card.there_unknown');
  if (acked) return alarm.going?.length ? t('card.going', { who: listed(alarm.going), count: alarm.going.length }) : t('card.going_unknown');
  return t('card.nobody');
}
