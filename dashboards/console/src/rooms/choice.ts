// SPDX-License-Identifier: Apache-2.0
// Which places are whose this shift, kept on the device for each person: several may share a phone. Nothing is hidden by
// it. None chosen is all.
import { grouped } from '../live/grouped';
import { isWithin } from '../live/within';
import type { Alarm, Person, Place, Role } from '../types';
import { awaits } from './steps';

const KEPT = 'tocsin.rooms';
/** So many people share a device; whoever has chosen longest ago chooses again. */
const PEOPLE_MAX = 20;

/** By the id of the person, the one who chose last at the end. */
type Choices = [person: string, places: string[]][];

const isChoice = (row: unknown): row is Choices[number] =>
  Array.isArray(row) && typeof row[0] === 'string' && Array.isArray(row[1]) && row[1].every((id) => typeof id === 'string');

/** None for what was cut off, or kept by another version. */
function readChoices(): Choices {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isChoice) : [];
  } catch {
    return [];
  }
}

/** What the person has chosen of the places there are: one that is gone from the site is gone from the choice. */
export function chosenBy(person: Person, places: Place[]): string[] {
  const ids = readChoices().find(([id]) => id === person.id)?.[1] ?? [];
  return ids.length === 0 ? ids : places.map(({ place }) => place).filter((id) => ids.includes(id));
}

/** Keep a choice. One that lies in another is told by that. */
export function choose(person: Person, chosen: string[]): void {
  const places = chosen.filter((id) => !chosen.some((other) => other !== id && isWithin(id, other)));
  const others = readChoices().filter(([id]) => id !== person.id);
  const kept: Choices = places.length === 0 ? others : [...others, [person.id, places]];
  try {
    localStorage.setItem(KEPT, JSON.stringify(kept.slice(-PEOPLE_MAX)));
  } catch {
    // A device without room keeps no choice: then all are everybody's.
    localStorage.removeItem(KEPT);
  }
}

/** Is it of the chosen places? What is of a place around one of them is about that one as well. */
export const isChosen = (place: string | null, chosen: string[]): boolean =>
  chosen.length === 0 || (place !== null && chosen.some((id) => isWithin(place, id) || isWithin(id, place)));

/** Does it come as a card, wherever it is? Somebody may be in danger, or somebody of the role is called. */
const concerns = (alarm: Alarm, role: Role): boolean =>
  alarm.priority === 'emergency' || alarm.class.startsWith('call.') || alarm.calling?.includes(role) === true;

/** Whom an alarm waits for: it is one's own from "I'm going" to its end. */
export const isOf = (alarm: Alarm, person: Person): boolean => alarm.state.acked && alarm.going?.includes(person.name) === true;

export interface Cases {
  /** Emergencies that nobody has answered: somebody may be lying there. */
  calls: Alarm[];
  /** To which the reader goes, wherever they are. */
  own: Alarm[];
  others: Alarm[];
  /** Nobody is called for them: those to which the reader goes all the same, and the others. */
  ownTests: Alarm[];
  tests: Alarm[];
}

/** What nobody has answered comes before what one is about already, and no test before what is in earnest. */
export function casesOf(alarms: Alarm[], person: Person): Cases {
  const cases = grouped(alarms, (alarm): keyof Cases => {
    const isOwn = isOf(alarm, person);
    if (alarm.state.test) return isOwn ? 'ownTests' : 'tests';
    if (alarm.priority === 'emergency' && awaits(alarm, person.role)) return 'calls';
    return isOwn ? 'own' : 'others';
  });
  const of = (name: keyof Cases): Alarm[] => cases.get(name) ?? [];
  return { calls: of('calls'), own: of('own'), others: of('others'), ownTests: of('ownTests'), tests: of('tests') };
}

export interface Block {
  where: 'mine' | 'elsewhere';
  alarms: Alarm[];
}

interface Arranged {
  blocks: Block[];
  /** For which there are too many cards. */
  rest: Alarm[];
  /** What is of no chosen place and calls others. */
  folded: Alarm[];
}

/** What one person can have before the eyes; what is more stands below by room. */
const CARDS_MAX = 12;

/**
 * The cards as they stand on the page: calls first, each time the chosen places before the others. However many there
 * are, whoever is called finds the button on a card, and so does whoever goes: only others become rows.
 */
export function arranged({ calls, own, others, ownTests }: Cases, chosen: string[], role: Role): Arranged {
  const isMine = new Set([...own, ...ownTests]);
  const isKept = (alarm: Alarm) => isMine.has(alarm) || (awaits(alarm, role) && concerns(alarm, role));
  const whereOf = (alarm: Alarm): Block['where'] | 'folded' =>
    isMine.has(alarm) || isChosen(alarm.place, chosen) ? 'mine' : concerns(alarm, role) ? 'elsewhere' : 'folded';
  const steps = [calls, [...own, ...others], ownTests].map((alarms) => grouped(alarms, whereOf));
  const inTurn = steps.flatMap((step) =>
    (['mine', 'elsewhere'] as const).flatMap((where) => (step.get(where) ?? []).map((alarm) => ({ where, alarm }))),
  );
  let left = CARDS_MAX - inTurn.filter(({ alarm }) => isKept(alarm)).length;
  const blocks: Block[] = [];
  const rest: Alarm[] = [];
  for (const { where, alarm } of inTurn) {
    const last = blocks.at(-1);
    if (!isKept(alarm) && left-- <= 0) rest.push(alarm);
    else if (last?.where === where) last.alarms.push(alarm);
    else blocks.push({ where, alarms: [alarm] });
  }
  return { blocks, rest, folded: steps.flatMap((step) => step.get('folded') ?? []) };
}
