// SPDX-License-Identifier: Apache-2.0
// How much of a text there is room for. Text of SVG does not wrap by itself.

const isWide = (sign: string): boolean => /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u.test(sign);

/** About as wide as the text is, in ems. */
export const widthEm = (text: string): number =>
  [...text].reduce((sum, sign) => sum + (isWide(sign) ? 1 : /[0-9]/.test(sign) ? 0.64 : /[A-Zmw@%]/.test(sign) ? 0.68 : 0.53), 0);

/** Bold text is so much wider. */
export const BOLD = 1.2;

/** What a name that has to be cut is told by: the number at its end, or a letter that stands there alone. */
const tellingEnd = (text: string): string => /(?:[A-Za-z]*\d[\w-]*(?:\s?\S{1,2})?|\s[A-Z])$/.exec(text)?.[0].trimStart() ?? '';

/** `text`, or as much of it as there is room for; what tells it apart from others stays: "Roo…311". */
export function cut(text: string, maxEm: number): string {
  const whole = text.trimEnd();
  if (widthEm(whole) <= maxEm) return whole;
  const end = tellingEnd(whole);
  const signs = [...whole.slice(0, whole.length - end.length)];
  const said = () => `${signs.join('').trimEnd()}…${end}`;
  while (signs.length > 0 && widthEm(said()) > maxEm) signs.pop();
  if (signs.length > 0) return said();
  const number = /^[\w-]*\d/.exec(end)?.[0] ?? '';
  return [`…${end}`, `${number}…`, number].find((each) => end !== '' && widthEm(each) <= maxEm) ?? '';
}

/** How a language says several names. */
export interface Several {
  commas: (names: string[]) => string;
  /** The last names, and how many there are besides. */
  more: (names: string, count: number) => string;
}

/** `names` in lines of these widths in em, as many of them as there is room for and one at least. */
export function namesInLines(
  names: string[],
  widthsEm: number[],
  { commas, more }: Several,
): { lines: string[]; named: number } {
  const lines: string[][] = [];
  let named = 0;
  for (const maxEm of widthsEm) {
    if (named === names.length) break;
    const line: string[] = [];
    while (named < names.length && widthEm(commas([...line, names[named] as string])) <= maxEm) line.push(names[named++] as string);
    // A name that has no room in a whole line is cut, for the next line may be no longer.
    if (line.length === 0) line.push(cut(names[named++] as string, Math.max(maxEm, 1)));
    lines.push(line);
  }
  const last = lines.at(-1);
  if (last === undefined) return { lines: [], named };
  const maxEm = widthsEm[lines.length - 1] as number;
  while (named < names.length && last.length > 1 && widthEm(more(commas(last), names.length - named)) > maxEm) {
    last.pop();
    named--;
  }
  const rest = names.length - named;
  const texts = lines.map(commas);
  if (rest === 0) return { lines: texts, named };
  const said = more(texts.at(-1) as string, rest);
  const end = ` +${rest}`;
  const short = () => `${cut(texts.at(-1) as string, Math.max(maxEm - widthEm(end), 1))}${end}`;
  return { lines: [...texts.slice(0, -1), widthEm(said) <= maxEm ? said : short()], named };
}

/** Where a line may end: after a blank, and at each Chinese sign. */
const pieces = (text: string): string[] =>
  text.match(/[\p{Script=Han}\uff00-\uffef]|[^\s\p{Script=Han}\uff00-\uffef]+\s*|\s+/gu) ?? [];

/** `text` in at most `lines` lines of `maxEm`; what does not fit ends in "…". */
export function wrap(text: string, maxEm: number, lines: number): string[] {
  const done: string[] = [];
  let line = '';
  const rest = pieces(text);
  while (rest.length > 0) {
    const piece = rest[0] as string;
    if (widthEm((line + piece).trimEnd()) <= maxEm) {
      line += piece;
      rest.shift();
    } else if (done.length + 1 >= lines || line === '') {
      done.push(cut(line + rest.join(''), maxEm));
      return done.filter((each) => each !== '');
    } else {
      done.push(line.trimEnd());
      line = '';
    }
  }
  if (line !== '') done.push(line.trimEnd());
  return done.slice(0, Math.max(lines, 0));
}

/** In how many lines of `maxEm` the text is whole; Infinity where one of its words is wider than that. */
export function linesOf(text: string, maxEm: number): number {
  const lines = wrap(text, maxEm, pieces(text).length);
  return lines.length === 0 || lines.some((line) => line.endsWith('…')) ? Infinity : lines.length;
}

/** The least width in which the text is whole in at most two lines. */
export function narrowestEm(text: string): number {
  const parts = pieces(text);
  const breaks = parts.map((_, index) => [parts.slice(0, index).join(''), parts.slice(index).join('')]);
  return Math.min(...breaks.map((lines) => Math.max(...lines.map((line) => widthEm(line.trimEnd())))));
}
