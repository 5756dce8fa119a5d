// SPDX-License-Identifier: Apache-2.0
// The table of alarms, and what an event changes in it. What an event says is taken as it is: the server decides.
import type { Alarm, AlarmState, ConsoleEvent, Place, Priority } from '../types';

const ORDER: Priority[] = ['emergency', 'urgent', 'high', 'low', 'journal'];

export const typeOf = (event: ConsoleEvent): string => event.type.replace(/^tocsin\./, '');

/** "wang (caregiver, local)" is wang; a bracket of the name itself stays: the last one is the gateway's. */
export const nameOf = (actor: string | null | undefined): string | null => actor?.replace(/ \(\w+(?:, \w+)?\)$/, '') ?? null;

export const alarmOf = (event: ConsoleEvent): string | null =>
  event.data.rule === undefined ? null : `${event.data.rule}/${event.subject}`;

/** Take an event into `alarms`: the id of the alarm that it changed, or null. */
export function applyEvent(alarms: Map<string, Alarm>, places: Map<string, Place>, event: ConsoleEvent): string | null {
  const id = alarmOf(event);
  const type = typeOf(event);
  const state = event.data.state;
  if (id === null || state === undefined || !type.startsWith('alarm.')) return null;
  const known = alarms.get(id);
  const isRaised = type === 'alarm.raised' || type === 'alarm.reraised';
  const open = isRaised || (type !== 'alarm.closed' && (known?.state.open === true || state.active));
  if (!open && state.suppression === 'none') alarms.delete(id);
  else if (known !== undefined && !isRaised) alarms.set(id, changed(known, event, { ...state, open }));
  else alarms.set(id, raised(known, id, event, { ...state, open }, places));
  return id;
}

type OpenState = AlarmState & { open: boolean };

/** May people be called for it? */
const isCalled = (state: OpenState): boolean => state.open && state.suppression === 'none' && !state.test;

function changed(known: Alarm, event: ConsoleEvent, state: OpenState): Alarm {
  const data = event.data;
  const type = typeOf(event);
  const next: Alarm = {
    ...known,
    state: { ...known.state, ...state, investigated: data.investigated ?? known.state.investigated },
    text: data.text ?? known.text,
    response: data.response ?? known.response,
    priority: data.priority ?? known.priority,
    quality: data.quality ?? known.quality,
    disposition: data.disposition ?? known.disposition,
    calling: isCalled(state) ? (data.calling ?? known.calling ?? []) : [],
    changed: event.time,
  };
  if (type === 'alarm.acknowledged') next.going = together(known.state.acked ? known.going : [], nameOf(data.actor));
  if (type === 'alarm.realarmed') next.again = againOf(event);
  if (type === 'alarm.attended') next.there = nameOf(data.actor);
  return next;
}

function raised(
  known: Alarm | undefined,
  id: string,
  event: ConsoleEvent,
  state: OpenState,
  places: Map<string, Place>,
): Alarm {
  const data = event.data;
  const isAgain = known !== undefined && known.state.open;
  const empty = { zh: id, en: id };
  return {
    alarm: id,
    class: data.class ?? '',
    priority: data.priority ?? 'emergency',
    place: data.place ?? null,
    place_name: (data.place ? places.get(data.place)?.name : undefined) ?? null,
    state: { ...state, investigated: null },
    raised: isAgain ? known.raised : event.time,
    changed: event.time,
    quality: data.quality ?? 'unknown',
    text: data.text ?? empty,
    response: data.response ?? { zh: '', en: '' },
    disposition: 'unstated',
    calling: isAgain && state.acked ? (known.calling ?? []) : [],
    going: isAgain && state.acked ? (known.going ?? []) : [],
    again: isAgain ? againOf(event) : null,
    there: isAgain && state.attended ? (known.there ?? null) : null,
  };
}

/** With one more who goes: of two that say it at the same time neither is forgotten. */
const together = (going: string[] = [], name: string | null): string[] =>
  name === null || going.includes(name) ? going : [...going, name];

const againOf = (event: ConsoleEvent) => ({ time: event.time, isRaised: typeOf(event) === 'alarm.reraised' });

/** What only events say of an alarm: who is going, who is there, and when it called once more. From its newest, newest first. */
export function peopleOf(events: ConsoleEvent[]): Required<Pick<Alarm, 'going' | 'there' | 'again'>> {
  const raised = events.findIndex((event) => ['alarm.raised', 'alarm.reraised'].includes(typeOf(event)));
  const since = raised < 0 ? events : events.slice(0, raised);
  const acknowledged = since.filter((event) => typeOf(event) === 'alarm.acknowledged').reverse();
  const attended = since.find((event) => typeOf(event) === 'alarm.attended');
  const again = events.find((event) => ['alarm.raised', 'alarm.reraised', 'alarm.realarmed'].includes(typeOf(event)));
  return {
    again: again === undefined || typeOf(again) === 'alarm.raised' ? null : againOf(again),
    going: acknowledged.reduce<string[]>((going, { data }) => together(going, nameOf(data.actor)), []),
    there: nameOf(attended?.data.actor),
  };
}

/** Times of one form and ids: the order of their signs is the one wanted, and is found much sooner than a language's. */
const bySigns = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * What is shown: open and not set aside; tests last, by priority, in each what is not acknowledged first, then the longest
 * first. An emergency to which somebody is going is still one: it does not fall behind what is less grave.
 */
export function inOrder(alarms: Iterable<Alarm>): Alarm[] {
  const rank = ({ priority, state }: Alarm) =>
    2 * (ORDER.indexOf(priority) + (state.test ? ORDER.length : 0)) + Number(state.acked);
  return [...alarms]
    .filter((alarm) => alarm.state.open && alarm.state.suppression === 'none' && alarm.priority !== 'journal')
    .sort((a, b) => rank(a) - rank(b) || bySigns(a.raised ?? '', b.raised ?? '') || bySigns(a.alarm, b.alarm));
}

/** What is shelved, suppressed or out of service: not announced, and not normal either. */
export const setAside = (alarms: Iterable<Alarm>): Alarm[] =>
  [...alarms].filter((alarm) => alarm.state.suppression !== 'none');
