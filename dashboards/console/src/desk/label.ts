// SPDX-License-Identifier: Apache-2.0
// Text of SVG does not wrap by itself.

const isWide = (sign: string): boolean => /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\uff00-\uffef]/u.test(sign);

/** About as wide as the text is, in ems. */
export const widthEm = (text: string): number =>
  [...text].reduce((sum, sign) => sum + (isWide(sign) ? 1 : /[A-Z0-9MWmw@%]/.test(sign) ? 0.68 : 0.53), 0);

/** Bold text is so much wider. */
export const BOLD = 1.2;

/** As many of `names` as there is room for in bold, at least one; `say` says them, and how many more there are. */
export function namesWithin(names: string[], maxEm: number, say: (shown: string[], more: number) => string): string {
  const sayOf = (count: number) => say(names.slice(0, count), names.length - count);
  // No name is narrower than one em.
  for (let count = Math.min(names.length, Math.floor(maxEm)); count > 1; count--) {
    if (widthEm(sayOf(count)) * BOLD <= maxEm) return sayOf(count);
  }
  return sayOf(1);
}

/** Where a line may end: after a blank, and at each Chinese sign. */
const pieces = (text: string): string[] =>
  text.match(/[\p{Script=Han}\uff00-\uffef]|[^\s\p{Script=Han}\uff00-\uffef]+\s*|\s+/gu) ?? [];

function cut(text: string, maxEm: number): string {
  const signs = [...text.trimEnd()];
  while (signs.length > 0 && widthEm(`${signs.join('')}…`) > maxEm) signs.pop();
  return signs.length === 0 ? '' : `${signs.join('').trimEnd()}…`;
}

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
