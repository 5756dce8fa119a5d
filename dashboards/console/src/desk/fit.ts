// SPDX-License-Identifier: Apache-2.0
// The rows of a list that cannot be scrolled: as many alarms in rows of their own as there is room for once every
// place with an emergency that nobody has answered is named, and what is left is for the names of the others.
import type { Alarm } from '../types';
import { isAwaited, rowsOf, type Row } from './groups';
import { BOLD, namesInLines, widthEm, type Several } from './label';

const ROW_REM = 3.45;
const OPEN_REM = 8;
/** Of a line below the two that each row has. */
const LINE_REM = 1.4;
/** Of the first line of a row: its border, its shape, and what lies between its parts. */
const AROUND_REM = 5;
/** Of a line that has nothing but names. */
const AROUND_NAMES_REM = 2;

export interface Space {
  heightRem: number;
  widthRem: number;
}


/** How the names of a row are said, and what is said below and beside them. */
export interface Beside extends Several {
  ageOf: (row: Row) => string;
  calledFor: (row: Row) => string;
  namesOf: (row: Row) => string[];
}

export interface Fitted {
  row: Row;
  /** The names of its places, each line as it is shown; the first stands beside the age. Empty for the rest. */
  names: string[];
}

/** The room for the names of a place beside `age`, in a list of this width. */
export const titleEm = (widthRem: number, age: string): number => widthRem - AROUND_REM - widthEm(age) * BOLD;

/** The names of a row in so many lines, and how many of them are named. */
function namesIn(row: Row, lines: number, { widthRem }: Pick<Space, 'widthRem'>, beside: Beside): { lines: string[]; named: number } {
  if (row.by === 'rest') return { lines: [], named: 0 };
  const first = titleEm(widthRem, beside.ageOf(row));
  const widths = [first, ...Array<number>(lines - 1).fill(widthRem - AROUND_NAMES_REM)];
  return namesInLines(beside.namesOf(row), widths.map((width) => width / BOLD), beside);
}

/** The least number of lines that name all, or all there are. */
function linesFor(row: Row, most: number, space: Space, beside: Beside): number {
  const count = row.by === 'rest' ? 0 : beside.namesOf(row).length;
  let lines = 1;
  while (lines < most && namesIn(row, lines, space, beside).named < count) lines++;
  return lines;
}

/** Those who wait for somebody are named first. */
const byNeed = (a: Row, b: Row): number => Number(b.alarms.some(isAwaited)) - Number(a.alarms.some(isAwaited));

interface Trial {
  rows: Fitted[];
  /** So many alarms that nobody has answered are in a row that does not name the places of all. */
  folded: number;
}

function trialOf(rows: Row[], space: Space, beside: Beside): Trial | null {
  const called = rows.filter((row) => beside.calledFor(row) !== '').length;
  let free = Math.floor((space.heightRem - rows.length * ROW_REM - called * LINE_REM) / LINE_REM);
  if (free < 0) return null;
  const found = new Map<Row, string[]>();
  let folded = 0;
  for (const row of [...rows].sort(byNeed)) {
    const lines = linesFor(row, free + 1, space, beside);
    const names = namesIn(row, lines, space, beside);
    free -= Math.max(names.lines.length - 1, 0);
    if (row.alarms.some(isAwaited) && row.by !== 'rest') folded += beside.namesOf(row).length - names.named;
    found.set(row, names.lines);
  }
  return { rows: rows.map((row) => ({ row, names: found.get(row) ?? [] })), folded };
}

/** The rows that can be seen at once in this space, one of them open or none. */
export function fittedRows(alarms: Alarm[], whole: Space, isOneOpen: boolean, nowMs: number, beside: Beside): Fitted[] {
  const space = { ...whole, heightRem: whole.heightRem - (isOneOpen ? OPEN_REM : 0) };
  const most = Math.max(1, Math.floor(space.heightRem / ROW_REM));
  let best: Trial | null = null;
  for (let room = most; room >= 1 && best?.folded !== 0; room--) {
    const trial = trialOf(rowsOf(alarms, room, nowMs), space, beside);
    if (trial !== null && (best === null || trial.folded < best.folded)) best = trial;
  }
  return best?.rows ?? rowsOf(alarms, 1, nowMs).map((row) => ({ row, names: namesIn(row, 1, space, beside).lines }));
}

/** The rows of a list that can be scrolled: each row has one line for its names. */
export const inOneLine = (rows: Row[], widthRem: number, beside: Beside): Fitted[] =>
  rows.map((row) => ({ row, names: row.by === 'one' ? [] : namesIn(row, 1, { widthRem }, beside).lines }));
