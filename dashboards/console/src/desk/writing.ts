// SPDX-License-Identifier: Apache-2.0
// What is written of a place on the plan, and where in its block.
import { link } from '../live/link';
import { pick, span, t, tAny } from '../words';
import { BOLD, linesOf, narrowestEm, widthEm, wrap } from './label';
import type { Place } from '../types';
import { isAround, type Area, type Block, type Extent, type Names } from './layout';
import type { PlaceStatus } from './status';
import { deskWord } from './words';

export const LINE_REM = 1.15;
export const PAD_REM = 0.4;
export const SHAPE_REM = 1.15;
export const FRAME_REM = 0.35;
const FRAMED_PAD_REM = 0.45;
export const TITLE_REM = LINE_REM + 2 * PAD_REM;

/** What is written of a place beside its name, in two lines or in one, and what does in the end. */
export function sayings(status: PlaceStatus): string[] {
  if (status.kind === 'alarm') {
    const word = t(`priority.${status.priority}`);
    const age = status.sinceMs === null ? '' : span(link.serverNow() - status.sinceMs);
    if (status.isTest) return [t('card.test'), `${word} ${age}`, age];
    // Of two words for which there is no room the shape says one.
    if (status.isInTest === true) return [deskWord('list.in_test'), `${word} ${age}`, word];
    return status.count > 1 ? [word, `×${status.count} ${age}`, age] : [word, age];
  }
  if (status.kind === 'no-data') {
    const part = status.count < status.of ? ` ${status.count}/${status.of}` : '';
    return [deskWord('plan.no_data') + part, status.ageMs === null ? '' : span(status.ageMs)];
  }
  if (status.kind === 'aside') return [tAny(`suppression.${status.suppression}`) ?? status.suppression];
  return [t('card.test')];
}

/** Filled: nobody has acknowledged it. A frame: somebody has, or it is a test or no alarm. */
export function lookOf(status: PlaceStatus | undefined): { class: string; isFilled: boolean } {
  if (status === undefined) return { class: 'calm', isFilled: true };
  if (status.kind !== 'alarm') return { class: status.kind, isFilled: false };
  if (status.isTest) return { class: 'test', isFilled: false };
  return { class: `${status.priority}${status.isUnacked ? ' unacked' : ''}`, isFilled: status.isUnacked };
}

/** Of a line, what the shape takes, and the number of a room. */
const MARK_EM = SHAPE_REM + 0.3;
export const numberEm = (number: string): number => Math.max(LINE_REM, widthEm(number) * BOLD + 0.5);
const NUMBER_GAP_EM = 0.3;
/** A room that is less high has no room for a line. */
const LOW_REM = 1.6;

export interface Saying {
  text: string;
  x: number;
  y: number;
  isStatus: boolean;
}

export interface Writing {
  texts: Saying[];
  /** The upper left corner of the shape. */
  mark: { x: number; y: number } | null;
  /** By which a room that is too small for its words is found beside the drawing, and the upper left corner of its ring. */
  number?: { text: string; x: number; y: number };
}

/** The first of the texts that fits. */
const fitting = (texts: string[], maxEm: number): string =>
  texts.find((text) => text !== '' && widthEm(text) * BOLD <= maxEm) ?? '';

/** Where the words go: the name above, the status in the lines below it, or beside it where there is one line. */
export function written(block: Block, says: string[], isFilled: boolean, rem: number, number = ''): Writing {
  const pad = (isFilled || isAround(block) ? PAD_REM : FRAMED_PAD_REM) * rem;
  const line = LINE_REM * rem;
  const lines = isAround(block) ? 1 : Math.max(1, Math.floor((block.height - 2 * pad) / line));
  const roomEm = (block.width - 2 * pad) / rem;
  const x = block.x + pad;
  // A single line stands in the middle of what has hardly room for it.
  const top = block.y + (lines === 1 ? Math.min(pad, Math.max(block.height - line, 0) / 2) : pad);
  const lineY = (index: number) => top + index * line + line * 0.77;
  const markY = (index: number) => top + index * line;
  const placeName = pick(block.place.name);
  const ringEm = number === '' ? 0 : numberEm(number) + NUMBER_GAP_EM;
  const numberAt = (left: number) => (number === '' ? {} : { number: { text: number, x: left, y: markY(0) } });
  const nameIn = (maxEm: number, count: number, left: number): Saying[] => {
    const names = wrap(placeName, isAround(block) ? maxEm / BOLD : maxEm, count);
    return names.map((text, index) => ({ text, x: left, y: lineY(index), isStatus: false }));
  };
  if (says.length === 0) return { texts: nameIn(roomEm - ringEm, lines, x + ringEm * rem), mark: null, ...numberAt(x) };

  const [first = '', second = '', last = ''] = says;
  const whole = second === '' ? first : `${first} ${second}`;
  const besideEm = Math.max(roomEm - MARK_EM, 0);
  // The name with the shape before it, below the number of the room or beside it.
  const isStacked = number !== '' && lines > 1;
  const beforeEm = isStacked ? Math.max(MARK_EM, ringEm) : MARK_EM + ringEm;
  const nameBeside = (count: number): Writing => ({
    texts: nameIn(Math.max(roomEm - beforeEm, 0), count, x + beforeEm * rem),
    mark: { x: isStacked ? x : x + ringEm * rem, y: markY(isStacked ? 1 : 0) },
    ...numberAt(x),
  });
  if (lines === 1) {
    const beside = nameBeside(1);
    const names = beside.texts;
    const leftEm = besideEm - ringEm - widthEm(names[0]?.text ?? '') * BOLD - 1;
    const said = fitting([whole, first, last], leftEm);
    const right = { text: said, x: block.x + block.width - pad, y: lineY(0), isStatus: true };
    return said === '' ? beside : { ...beside, texts: [...names, right] };
  }
  const all = statusLines([whole, first, second, last], lines, { besideEm, roomEm });
  const short = statusLines([whole, first, second, last], 2, { besideEm, roomEm });
  // A name is cut last: for it less is said of the state, and in the end its shape alone.
  const isWhole = (count: number) => linesOf(placeName, roomEm - ringEm) <= count;
  const shown = isWhole(lines - all.length) ? all : short;
  if (!isWhole(lines - shown.length) && linesOf(placeName, roomEm - beforeEm) <= lines) return nameBeside(lines);
  const names = nameIn(roomEm - ringEm, lines - shown.length, x + ringEm * rem);
  const said = shown.map(({ text, isBeside }, index) => {
    const left = isBeside ? x + MARK_EM * rem : x;
    return { text, x: left, y: lineY(names.length + index), isStatus: true };
  });
  return { texts: [...names, ...said.filter(({ text }) => text !== '')], mark: { x, y: markY(names.length) }, ...numberAt(x) };
}

interface StatusLine {
  text: string;
  /** It stands beside the shape; else in a line of its own. */
  isBeside: boolean;
}

/**
 * The status in one line or two, the first of which is beside the shape. A word that does not fit is left out, never
 * cut: the shape says it too, and so does the title.
 */
function statusLines(
  [whole, first, second, last]: [string, string, string, string],
  lines: number,
  { besideEm, roomEm }: { besideEm: number; roomEm: number },
): StatusLine[] {
  const beside = (texts: string[]): StatusLine => ({ text: fitting(texts, besideEm), isBeside: true });
  if (lines === 2 || fitting([whole], besideEm) !== '') return [beside([whole, first, second, last])];
  if (fitting([first], besideEm) !== '') return [beside([first]), beside([second, last])];
  const below = fitting([first], roomEm);
  const age = beside([second, last]);
  return below === '' ? [age] : [age, { text: below, isBeside: false }];
}

/** Is there room for a shape with the gravest word beside or below it, and for the whole name? */
export function isRoomy({ width, height }: Extent, name: string, rem: number): boolean {
  const lines = Math.floor((height / rem - 2 * FRAMED_PAD_REM) / LINE_REM);
  const roomEm = width / rem - 2 * FRAMED_PAD_REM;
  const wordEm = widthEm(t('priority.emergency')) * BOLD;
  if (lines <= 1) return height / rem >= LOW_REM && roomEm >= MARK_EM + widthEm(name) + 1 + wordEm;
  return linesOf(name, roomEm) < lines && roomEm >= wordEm + (lines === 2 ? MARK_EM : 0);
}

/** The shape and the number of a room that has no room for more: side by side, or one below the other. */
export function marked(area: Area, isAbnormal: boolean, number: string, rem: number): Writing {
  const shape = isAbnormal ? SHAPE_REM * rem : 0;
  const ring = number === '' ? 0 : numberEm(number) * rem;
  const isBeside = shape + ring <= area.width;
  const gap = shape > 0 && ring > 0 ? Math.max(Math.min(NUMBER_GAP_EM * rem, (isBeside ? area.width : area.height) - shape - ring), 0) : 0;
  const across = isBeside ? shape + gap + ring : Math.max(shape, ring);
  const down = isBeside ? LINE_REM * rem : shape + gap + (number === '' ? 0 : LINE_REM * rem);
  const left = area.x + (area.width - across) / 2;
  const top = area.y + (area.height - down) / 2;
  const ringAt = isBeside ? { x: left + shape + gap, y: top } : { x: area.x + (area.width - ring) / 2, y: top + shape + gap };
  return {
    texts: [],
    mark: isAbnormal ? { x: isBeside ? left : area.x + (area.width - shape) / 2, y: top } : null,
    ...(number === '' ? {} : { number: { text: number, ...ringAt } }),
  };
}

/** Does a room have room for its shape and its number? */
export function isMarkable({ width, height }: Extent, number: string, rem: number): boolean {
  const ring = numberEm(number) * rem;
  const shape = SHAPE_REM * rem;
  const isIn = (across: number, down: number) => across <= width && down <= height;
  return isIn(shape + ring, LINE_REM * rem) || isIn(Math.max(shape, ring), shape + LINE_REM * rem);
}

/** What the blocks beside a drawing need, in px, in which the names are whole after a shape and a number. */
export function namesFor(rem: number): Names {
  const beforeEm = Math.max(MARK_EM, numberEm('8') + NUMBER_GAP_EM);
  return {
    widthOf: ({ name }: Place) => rem * (narrowestEm(pick(name)) + beforeEm + 2 * FRAMED_PAD_REM + 0.1),
    heightPx: rem * (2 * LINE_REM + 2 * FRAMED_PAD_REM),
  };
}
