// SPDX-License-Identifier: Apache-2.0
// What is written of a place on the plan, and where in its block.
import { link } from '../live/link';
import { pick, span, t, tAny } from '../words';
import { BOLD, widthEm, wrap } from './label';
import { isAround, type Block, type Extent } from './layout';
import type { PlaceStatus } from './status';
import { deskWord } from './words';

export const LINE_REM = 1.3;
export const PAD_REM = 0.4;
export const SHAPE_REM = 1.3;
export const FRAME_REM = 0.45;
const FRAMED_PAD_REM = 0.55;
export const TITLE_REM = LINE_REM + 2 * PAD_REM;

/** What is written of a place beside its name, in two lines or in one, and what does in the end. */
export function sayings(status: PlaceStatus): string[] {
  if (status.kind === 'alarm') {
    const word = t(`priority.${status.priority}`);
    const age = status.sinceMs === null ? '' : span(link.serverNow() - status.sinceMs);
    if (status.isTest) return [t('card.test'), `${word} ${age}`, age];
    if (status.isInTest === true) return [word, `${deskWord('list.in_test')} ${age}`, deskWord('list.in_test')];
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
}

/** The first of the texts that fits. */
const fitting = (texts: string[], maxEm: number): string =>
  texts.find((text) => text !== '' && widthEm(text) * BOLD <= maxEm) ?? '';

/** Where the words go: the name above, the status in the lines below it, or beside it where there is one line. */
export function written(block: Block, says: string[], isFilled: boolean, rem: number): Writing {
  const pad = (isFilled || isAround(block) ? PAD_REM : FRAMED_PAD_REM) * rem;
  const line = LINE_REM * rem;
  const lines = isAround(block) ? 1 : Math.max(1, Math.floor((block.height - 2 * pad) / line));
  const roomEm = (block.width - 2 * pad) / rem;
  const x = block.x + pad;
  const lineY = (index: number) => block.y + pad + index * line + line * 0.77;
  const markY = (index: number) => block.y + pad + index * line;
  const nameIn = (maxEm: number, count: number, left: number): Saying[] => {
    const names = wrap(pick(block.place.name), isAround(block) ? maxEm / BOLD : maxEm, count);
    return names.map((text, index) => ({ text, x: left, y: lineY(index), isStatus: false }));
  };
  if (says.length === 0) return { texts: nameIn(roomEm, lines, x), mark: null };

  const [first = '', second = '', last = ''] = says;
  const whole = second === '' ? first : `${first} ${second}`;
  const markEm = SHAPE_REM + 0.3;
  const besideEm = Math.max(roomEm - markEm, 0);
  if (lines === 1) {
    const names = nameIn(besideEm, 1, x + markEm * rem);
    const leftEm = besideEm - widthEm(names[0]?.text ?? '') * BOLD - 1;
    const said = fitting([whole, first, last], leftEm);
    const right = { text: said, x: block.x + block.width - pad, y: lineY(0), isStatus: true };
    return { texts: said === '' ? names : [...names, right], mark: { x, y: markY(0) } };
  }
  const shown = statusLines([whole, first, second, last], lines, { besideEm, roomEm });
  const names = nameIn(roomEm, lines - shown.length, x);
  const said = shown.map(({ text, isBeside }, index) => {
    const left = isBeside ? x + markEm * rem : x;
    return { text, x: left, y: lineY(names.length + index), isStatus: true };
  });
  return { texts: [...names, ...said.filter(({ text }) => text !== '')], mark: { x, y: markY(names.length) } };
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

/** Of a name that stands beside its state. */
const NAME_EM = 10;

/** Is there room for a shape with the gravest word beside or below it, and for a name above? */
export function isRoomy({ width, height }: Extent, rem: number): boolean {
  const lines = Math.floor((height / rem - 2 * FRAMED_PAD_REM) / LINE_REM);
  const roomEm = width / rem - 2 * FRAMED_PAD_REM;
  const wordEm = widthEm(t('priority.emergency')) * BOLD;
  if (lines === 1) return roomEm >= SHAPE_REM + NAME_EM + wordEm;
  return lines > 1 && roomEm >= wordEm + (lines === 2 ? SHAPE_REM + 0.3 : 0);
}
