// SPDX-License-Identifier: Apache-2.0
import { entityOf, saidIn, type Said } from '../live/said';
import type { Alarm, ConsoleEvent } from '../types';
import { pick } from '../words';

export const saidOf = (alarm: Alarm): Said => saidIn(pick(alarm.text), entityOf(alarm.alarm), alarm.place);

export const saidOfEvent = ({ data, subject }: ConsoleEvent): Said =>
  saidIn(pick(data.text ?? null) || subject, subject, data.place ?? null);

/** The words, and quietly the point. */
export function What({ text, point }: Said) {
  return (
    <>
      {text}
      {point !== null && <span class="point"> {point}</span>}
    </>
  );
}
