// SPDX-License-Identifier: Apache-2.0
// What the pages make of the record: its occurrences, its causes, whom a step told, and reading on without a gap.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causesOf } from '../src/handover/grouped';
import { occurrencesOf } from '../src/log/occurrences';
import type { EventsPage } from '../src/log/older';
import { readNewer, readNewest, readOlder } from '../src/log/record';
import type { ConsoleEvent, EventData } from '../src/types';

// What speaks to people looks for the reader's language where a browser keeps it.
Object.assign(globalThis, { localStorage: { getItem: () => 'en', setItem: () => {} } });
const { calledWords, receiptWords } = await import('../src/log/called');
const { actorWords } = await import('../src/parts/actor');
const { setLanguage } = await import('../src/words');

const time = (second: number): string => new Date(Date.UTC(2026, 10, 27) + second * 1000).toISOString();

const event = (sequence: number, type: string, data: EventData, subject = 'care/talk/button'): ConsoleEvent => {
  return { type: `tocsin.${type}`, subject, time: time(sequence), sequence, data: { rule: 'emergency_call', ...data } };
};

test('a story falls into its occurrences, the newest first, each with its begin, its end and what it was', () => {
  const found = occurrencesOf([
    event(9, 'alarm.raised', { occurrence: 2 }),
    event(5, 'alarm.closed', { occurrence: 1, disposition: 'unstated' }),
    event(4, 'alarm.disposed', { occurrence: 1, disposition: 'misuse' }),
    event(3, 'alarm.raised', { occurrence: 1 }),
    event(1, 'alarm.shelved', { occurrence: 0 }),
  ]);
  assert.deepEqual(
    found.map(({ number, began, ended, disposition, events }) => [number, began, ended, disposition, events.length]),
    [
      [2, time(9), null, null, 1],
      [1, time(3), time(5), 'misuse', 3],
      [0, time(1), null, null, 1],
    ],
  );
  assert.deepEqual(found[1]?.events.map((each) => each.sequence), [3, 4, 5]);
});

const call = (sequence: number, step: number, more: EventData): ConsoleEvent =>
  event(sequence, 'alarm.escalated', { step, steps: 3, run: 1, receipt_s: 15, reason: 'due', ...more });

test('a notification says whom it told, how, why it came, and whether anybody received it, in both languages', () => {
  const first = call(0, 1, { to: 'role caregiver', to_name: { zh: '护理员', en: 'caregivers' }, by: 'push', outputs: ['call_lamp'] });
  const second = call(15, 2, { to: 'shift care', to_name: { zh: '护理班', en: 'Care shift' }, by: null, reason: 'no_receiver' });
  const third = call(60, 3, { to: 'role manager', by: 'webhook' });
  setLanguage('zh-CN');
  assert.equal(calledWords(first), '护理员，通过手机通知和打开的页面、呼叫灯');
  assert.equal(calledWords(second), '护理班；上一步无人收到');
  assert.equal(calledWords(third), '经理，通过群聊或接口；时间已到，仍无应叫的人确认');
  assert.equal(receiptWords(first, [second, third]), '无人收到');
  assert.equal(receiptWords(second, [third]), '已送达');
  assert.equal(receiptWords(third, []), null);
  setLanguage('en');
  assert.equal(calledWords(first), 'caregivers, by phones and open pages, call lamp');
  assert.equal(calledWords(second), 'Care shift; nobody received the step before');
  // Somebody acknowledges before the time for receipts is over: nobody knows.
  assert.equal(receiptWords(first, [event(3, 'alarm.acknowledged', {})]), null);
  assert.equal(calledWords(event(3, 'alarm.acknowledged', {})), '');
});

test('who acted is said with the role in the reader’s language', () => {
  setLanguage('zh-CN');
  assert.equal(actorWords('王敏 (caregiver)'), '王敏（护理员）');
  assert.equal(actorWords('root (engineer, local)'), 'root（工程师）');
  assert.equal(actorWords('somebody'), 'somebody');
  setLanguage('en');
});

test('what happened in a shift is told by place and cause, the gravest first', () => {
  const of = (place: string, cause: string, priority: 'emergency' | 'high'): EventData => ({ place, class: cause, priority });
  const causes = causesOf([
    event(9, 'alarm.closed', { ...of('care/talk', 'call.emergency', 'emergency'), disposition: 'genuine' }),
    event(8, 'alarm.raised', of('care/talk', 'call.emergency', 'emergency')),
    event(7, 'alarm.raised', of('hall/gate', 'door.held', 'high')),
    event(6, 'alarm.reraised', of('care/talk', 'call.emergency', 'emergency')),
    event(5, 'test.begun', { place: 'care' }),
    event(4, 'alarm.acknowledged', of('care/club', 'call.emergency', 'emergency')),
  ]);
  assert.deepEqual(
    causes.map(({ place, raised, results, events }) => [place, raised, results, events.length]),
    [
      ['care/talk', [time(8), time(6)], ['genuine'], 3],
      ['care/club', [], [], 1],
      ['hall/gate', [time(7)], [], 1],
    ],
  );
});

/** A record of `count` events, of which each question is shown ten. */
function server(count: number) {
  const asked: string[] = [];
  const rows = (from: number, to: number) =>
    Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => event(from + index, 'test', {}));
  return {
    asked,
    back: async (before: number | null): Promise<EventsPage> => {
      asked.push(`before ${before}`);
      const last = before === null ? count : before - 1;
      const first = Math.max(1, last - 9);
      return { events: rows(first, last).reverse(), last_seq: last < 1 ? 0 : first };
    },
    on: (count: number) => async (after: number): Promise<EventsPage> => {
      asked.push(`after ${after}`);
      const last = Math.min(count, after + 10);
      return { events: rows(after + 1, last), last_seq: last === count ? 0 : last };
    },
  };
}

test('a record is read on with what comes and back to older ones, without a gap and without asking anything twice', async () => {
  const { asked, back, on } = server(100);
  const first = await readNewest(back, 100, 10);
  const next = await readNewer(on(125), first, 125, 1000);
  const older = await readOlder(back, next);
  assert.deepEqual(older.events.map((each) => each.sequence), Array.from({ length: 45 }, (_, index) => 125 - index));
  assert.deepEqual([older.seq, older.before], [125, 81]);
  assert.deepEqual(asked, ['before null', 'after 100', 'after 110', 'after 120', 'before 91']);
});

test('a page that is left open keeps no more than it was asked to show, and goes back from there', async () => {
  const { back, on } = server(100);
  const kept = await readNewer(on(125), await readNewest(back, 100, 10), 125, 10);
  assert.deepEqual([kept.events.length, kept.events[0]?.sequence, kept.before], [10, 125, 116]);
});
