// SPDX-License-Identifier: Apache-2.0
import type { Test } from '../types';

/** Is it the place itself, or does it lie in it? */
export const isWithin = (place: string, around: string): boolean => place === around || place.startsWith(`${around}/`);

/** The test that runs at the place or around it. */
export const testAt = (tests: Test[], place: string | null): Test | undefined =>
  place === null ? undefined : tests.find((test) => isWithin(place, test.place));
