// SPDX-License-Identifier: Apache-2.0
const DAY_MIN = 24 * 60;

/** "20:00" of the site, the last time it was that late: the moment in ms. */
export function beginOf(clock: string, nowMs: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en', { hour: 'numeric', minute: 'numeric', hourCycle: 'h23', timeZone });
  const parts = Object.fromEntries(format.formatToParts(nowMs).map((part) => [part.type, part.value]));
  const now = Number(parts['hour']) * 60 + Number(parts['minute']);
  const [hour = 0, minute = 0] = clock.split(':').map(Number);
  const ago = (now - (hour * 60 + minute) + DAY_MIN) % DAY_MIN;
  return Math.floor(nowMs / 60_000) * 60_000 - ago * 60_000;
}
