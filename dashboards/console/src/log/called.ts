// SPDX-License-Identifier: Apache-2.0
// Whom a step of an alarm's chain told, by which way, why it came when it did, and whether anybody has received it.
import { typeOf } from '../live/alarms';
import type { ConsoleEvent } from '../types';
import { clauses, listed, pick, tAny } from '../words';
import { logWord, logWordOf } from './words';

const isCall = (event: ConsoleEvent): boolean => typeOf(event) === 'alarm.escalated' && event.data.step !== undefined;

/** "role caregiver" of a gateway that gave no words for it. */
function toWords(to: string): string {
  const role = tAny(to.replace('role ', 'role.'));
  if (role !== undefined) return role;
  return to.startsWith('shift ') ? logWord('called.shift', { shift: to.slice('shift '.length) }) : to;
}

function whom({ data }: ConsoleEvent): string | null {
  if (data.to_name) return pick(data.to_name);
  return data.to ? toWords(data.to) : null;
}

function ways({ data }: ConsoleEvent): string[] {
  const by = data.by ? [logWordOf(`called.by.${data.by}`) ?? data.by] : [];
  return [...by, ...(data.outputs ?? []).map((kind) => logWordOf(`called.output.${kind}`) ?? kind)];
}

function why({ data }: ConsoleEvent): string | null {
  if (data.reason === 'no_receiver') return logWord('called.no_receiver');
  return data.reason === 'due' && (data.step ?? 1) > 1 ? logWord('called.due') : null;
}

/** What a notification says of itself; "" for any other event. */
export function calledWords(event: ConsoleEvent): string {
  if (!isCall(event)) return '';
  const to = whom(event);
  const how = ways(event);
  const said = to === null ? listed(how) : how.length === 0 ? to : logWord('called.to', { to, how: listed(how) });
  const off = event.data.on_duty === false ? logWord('called.off_duty') : null;
  return clauses([said, off, why(event)].filter((part): part is string => part !== null && part !== ''));
}

/**
 * Has anybody received it? `later` is what came after it in the alarm's life. A step that nobody receives is followed at
 * the end of the time for receipts by one that says so; one that comes later than that shows that somebody has.
 */
export function receiptWords(event: ConsoleEvent, later: ConsoleEvent[]): string | null {
  const { receipt_s, step, steps, run } = event.data;
  if (!isCall(event) || receipt_s === undefined || step === undefined || step === steps) return null;
  const next = later.find((each) => (isCall(each) && each.data.run === run) || !isCall(each));
  if (next === undefined) return null;
  if (isCall(next) && next.data.reason === 'no_receiver') return logWord('called.unheard');
  const tookMs = Date.parse(next.time) - Date.parse(event.time);
  return tookMs >= receipt_s * 1000 ? logWord('called.heard') : null;
}
