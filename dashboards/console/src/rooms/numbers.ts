// SPDX-License-Identifier: Apache-2.0
// The emergency services that a response names. A time or a size of 120 is none of them.

/** Without a lookbehind: a phone whose browser does not know it would not read any of the app. */
const BEFORE = '(?:^|[^A-Za-z0-9.,+-])';
const AFTER = '(?![A-Za-z0-9]|[.,-]\\d)';
const UNIT = '(?:[%°℃秒米度]|分钟|(?:s|sec|seconds|min|minutes|cm|m|m2|ppm|lx|dB)\\b)';
const NUMBERS = new RegExp(`${BEFORE}(110|112|119|120|911|999)${AFTER}(?!\\s*${UNIT})`, 'g');

/** Each number once, in the order of `response`. */
export const numbersIn = (response: string): string[] => [
  ...new Set([...response.matchAll(NUMBERS)].map((match) => match[1] ?? '')),
];
