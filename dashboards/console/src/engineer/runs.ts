// SPDX-License-Identifier: Apache-2.0
// Where a line through the values of a chart would not be seen.

/** A run of values between two gaps that is shorter than this part of the whole is hardly a dot. */
const SHORT = 1 / 100;

/** The indexes of values that stand alone, or with so few beside them that a line through them is not seen. */
export function shortRuns(values: readonly (number | null | undefined)[]): number[] {
  const least = Math.max(values.length * SHORT, 2);
  const found: number[] = [];
  let begin: number | null = null;
  for (let at = 0; at <= values.length; at++) {
    const isGap = at === values.length || values[at] === null || values[at] === undefined;
    if (!isGap) begin ??= at;
    if (!isGap || begin === null) continue;
    if (at - begin < least) for (let index = begin; index < at; index++) found.push(index);
    begin = null;
  }
  return found;
}

/** From where to where the axis of values goes: what is drawn lies inside, also where all of it is the same. */
export function rangeOf(least: number | null, most: number | null): [number, number] {
  if (least === null || most === null) return [0, 1];
  const margin = (most - least) / 10 || Math.abs(most) / 10 || 1;
  return [least - margin, most + margin];
}
