// SPDX-License-Identifier: Apache-2.0
// Which places are whose this shift, kept on the device for each person: several may share a phone. Nothing is hidden by
// it. None chosen is all.
import { grouped } from '../live/grouped';
import { isWithin } from '../live/within';
import type { Alarm, Person, Place, Role } from '../types';

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

export interface Cases {
  /** Emergencies that nobody has answered: somebody may be lying there. */
  calls: Alarm[];
  /** To which the reader goes, wherever they are. */
  own: Alarm[];
  others: Alarm[];
}

export interface Block {
  where: 'mine' | 'elsewhere';
  alarms: Alarm[];
}

/** The cards as they stand on the page: calls first, each time the chosen places before the others; and what is folded. */
export function arranged({ calls, own, others }: Cases, chosen: string[], role: Role): { blocks: Block[]; folded: Alarm[] } {
  const whereOf = (alarm: Alarm): Block['where'] | 'folded' =>
    own.includes(alarm) || isChosen(alarm.place, chosen) ? 'mine' : concerns(alarm, role) ? 'elsewhere' : 'folded';
  const at = grouped([...calls, ...own, ...others], (alarm) => `${whereOf(alarm)} ${calls.includes(alarm)}`);
  const blocks: Block[] = [];
  for (const called of [true, false]) {
    for (const where of ['mine', 'elsewhere'] as const) {
      const found = at.get(`${where} ${called}`);
      const last = blocks.at(-1);
      if (found === undefined) continue;
      if (last?.where === where) last.alarms.push(...found);
      else blocks.push({ where, alarms: found });
    }
  }
  return { blocks, folded: at.get('folded false') ?? [] };
}
