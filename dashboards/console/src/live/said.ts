// SPDX-License-Identifier: Apache-2.0
// What is said of an alarm, and of which point of the room: two detectors in one room have the same words.

export interface Said {
  text: string;
  /** As its own room calls it. Null for what is no point, and where the text names it already. */
  point: string | null;
}

/** What an alarm is of, as its id says after the rule: a point, a place, a device. */
export const entityOf = (alarm: string): string => alarm.slice(alarm.indexOf('/') + 1);

/** `care/dining/smoke-1` is `smoke-1` in `care/dining`. */
export function saidIn(text: string, entity: string, place: string | null): Said {
  if (place === null || !entity.startsWith(`${place}/`) || text.includes(entity)) return { text, point: null };
  const point = entity.slice(place.length + 1);
  // "Fire panel fault" of the point `fault` has said it.
  return { text, point: text.toLowerCase().endsWith(` ${point.toLowerCase()}`) ? null : point };
}

/** The same where there are only words: read out, or looked for. */
export const inWords = ({ text, point }: Said): string => (point === null ? text : `${text} ${point}`);
