// SPDX-License-Identifier: Apache-2.0
// The feed against a server that is played here: what it asks for, and what its pages are told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerClock } from '../src/live/clock';
import { Feed } from '../src/live/feed';
import type { FeedMessage, LiveTable } from '../src/live/messages';
import { SseReader } from '../src/live/sse';
import { changedTable } from '../src/live/table';

interface Served {
  streams: string[];
  asked: { path: string; after: string | null }[];
  told: FeedMessage[];
}

type Asked = (path: string) => Promise<Response>;

const nothing: Asked = async () => Response.json({ events: [] });

/** Play `streams`, one for each connection; ends when they are used up. `log` answers what is asked of events. */
async function serve(streams: string[], status = 200, alarms: object[] = [], log = nothing): Promise<Served> {
  const served: Served = { streams: [...streams], asked: [], told: [] };
  const ended = new Promise<void>((done) => {
    globalThis.fetch = async (input, init) => {
      const path = String(input);
      const after = new Headers(init?.headers).get('Last-Event-ID');
      served.asked.push({ path, after });
      const headers = { Date: 'Fri, 27 Nov 2026 00:00:00 GMT' };
      if (path.startsWith('/api/v1/places')) {
        return Response.json({ name: { zh: '', en: '' }, timezone: 'UTC', places: [], next: null }, { headers });
      }
      if (path.startsWith('/api/v1/alarms')) return Response.json({ alarms, tests: [], next: null }, { headers });
      if (path.startsWith('/api/v1/events')) return log(path);
      const next = served.streams.shift();
      if (next === undefined) {
        done();
        return new Promise<Response>(() => {});
      }
      return new Response(status === 200 ? next : null, { status, headers });
    };
  });
  const feed = new Feed((message) => {
    served.told.push(message);
    if (message.kind === 'signed-out') setTimeout(() => feed.signedIn());
  });
  void feed.run();
  await ended;
  return served;
}

const hello = (seq: number, engine = 'present') => `event: hello\ndata: {"engine":"${engine}","newest_seq":${seq}}\n\n`;
const state = '{"active":true,"acked":false,"latched":true,"attended":false,"suppression":"none","silenced":false,"test":false}';
const raised = (seq: number) =>
  `id: ${seq}\ndata: {"type":"tocsin.alarm.raised","subject":"p${seq}","time":"2026-11-27T00:00:00Z","sequence":${seq},` +
  `"data":{"rule":"call","priority":"high","state":${state}}}\n\n`;

const isBeat = (message: FeedMessage) => message.kind === 'beat' && message.contact;
const streamsOf = (served: Served) => served.asked.filter((ask) => ask.path === '/api/v1/stream').map((ask) => ask.after);
const snapshotsOf = (served: Served) => served.asked.filter((ask) => ask.path.startsWith('/api/v1/alarms')).length;

/** What a page makes of all that it was told. */
function lastTable(served: Served): LiveTable | undefined {
  let table: LiveTable | undefined;
  for (const message of served.told) {
    if (message.kind === 'table') table = message.table;
    if (message.kind === 'change' && table !== undefined) table = changedTable(table, message.change);
  }
  return table;
}

test('a line that was cut is resumed after the last event, without another snapshot', async () => {
  const served = await serve([hello(10) + raised(11), hello(12) + raised(12)]);
  assert.deepEqual(streamsOf(served), [null, '11', '12']);
  assert.equal(snapshotsOf(served), 1);
  assert.equal(lastTable(served)?.seq, 12);
  assert.equal(lastTable(served)?.alarms.length, 2);
});

for (const streams of [
  [`${hello(12)}${raised(11)}`, `${hello(12)}: ping\n\n`, hello(12) + raised(12)],
  [hello(12) + raised(11) + raised(12)],
]) {
  test(`a page that was away has no contact before all that it missed is in the table (${streams.length})`, async () => {
    const { told } = await serve([hello(10), ...streams]);
    const again = told.findIndex((message, at) => message.kind === 'connected' && at > 0);
    const seqOf = (message: FeedMessage) =>
      message.kind === 'table' ? message.table.seq : message.kind === 'change' ? message.change.seq : null;
    const there = told.findIndex((message) => seqOf(message) === 12);
    const beats = told.flatMap((message, at) => (at > again && isBeat(message) ? [at] : []));
    assert.ok(there > 0 && beats.length > 0 && beats.every((at) => at > there), JSON.stringify(told.map(({ kind }) => kind)));
  });
}

test('an event that is missing leads to a new snapshot', async () => {
  const served = await serve([hello(10) + raised(12), hello(12)]);
  assert.deepEqual(streamsOf(served), [null, null, '12']);
  assert.equal(snapshotsOf(served), 2);
});

for (const event of ['gap', 'resync']) {
  test(`so does ${event}`, async () => {
    const served = await serve([`${hello(10)}event: ${event}\ndata: {}\n\n`, hello(12)]);
    assert.equal(snapshotsOf(served), 2);
  });
}

test('a journal that is younger than what was seen leads to a new snapshot', async () => {
  const served = await serve([hello(10), hello(3)]);
  assert.deepEqual(streamsOf(served), [null, '10', '3']);
  assert.equal(snapshotsOf(served), 2);
});

test('a line without the engine behind it is no contact, and what a new engine restored is asked for', async () => {
  const served = await serve([hello(10, 'away') + 'event: engine\ndata: {"engine":"present"}\n\n']);
  assert.equal(snapshotsOf(served), 2);
  const away = await serve([hello(10, 'away') + ': ping\n\n']);
  assert.ok(away.told.every((message) => message.kind !== 'beat' || !message.contact));
});

/** An alarm to which somebody is going, as a snapshot has it. */
const acked = (subject: string) => ({
  ...{ alarm: `call/${subject}`, priority: 'emergency', raised: '2026-11-27T00:00:00Z' },
  state: { ...(JSON.parse(state) as object), open: true, acked: true },
});
const acknowledged = (seq: number, subject: string, actor: string) => ({
  ...{ type: 'tocsin.alarm.acknowledged', subject, time: '2026-11-27T00:00:01Z', sequence: seq },
  data: { rule: 'call', priority: 'emergency', actor, state: acked(subject).state },
});
const goingOf = (served: Served) => lastTable(served)?.alarms.map(({ going }) => going);
const answered = () => new Promise((resume) => setTimeout(resume));

test('a page has its table though nobody answers who goes to each of its alarms', async () => {
  const served = await serve([hello(10) + raised(11)], 200, ['a', 'b'].map(acked), () => new Promise<Response>(() => {}));
  assert.equal(lastTable(served)?.alarms.length, 3);
  assert.equal(lastTable(served)?.seq, 11);
});

test('who goes is learned from the log, and a question that fails stops no other thing', async () => {
  const log: Asked = async (path) => {
    if (path.includes('call%2Fb')) throw new Error('cut off');
    return Response.json({ events: [acknowledged(9, 'a', 'wang (caregiver, local)')] });
  };
  const served = await serve([hello(10)], 200, ['a', 'b'].map(acked), log);
  while (goingOf(served)?.[0] === undefined) await answered();
  assert.deepEqual(goingOf(served), [['wang'], undefined]);
});

test('who says so while the log is asked is not forgotten for its answer', async () => {
  const answers = [[acknowledged(9, 'a', 'wang (caregiver)')], [acknowledged(11, 'a', 'li (security)'), acknowledged(9, 'a', 'wang (caregiver)')]];
  const log: Asked = async () => {
    await new Promise((resume) => setTimeout(resume, 50));
    return Response.json({ events: answers.shift() });
  };
  const said = `id: 11\ndata: ${JSON.stringify(acknowledged(11, 'a', 'li (security)'))}\n\n`;
  const served = await serve([hello(10) + said], 200, [acked('a')], log);
  while (goingOf(served)?.[0]?.length !== 2) await answered();
  assert.deepEqual(goingOf(served), [['wang', 'li']]);
  assert.equal(answers.length, 0);
});

test('whoever is signed out is told, and nothing is asked until somebody signs in', async () => {
  const served = await serve(['', ''], 401);
  assert.deepEqual(served.told.map((message) => message.kind), ['signed-out', 'signed-out']);
});

test('messages are whole however the bytes are cut, and comments are none', () => {
  const reader = new SseReader();
  assert.deepEqual(reader.push('id: 7\nda'), []);
  assert.deepEqual(reader.push('ta: {}\n\n: ping\n\nevent: x\n'), [{ event: 'message', id: '7', data: '{}' }]);
  assert.deepEqual(reader.push('data: 1\n\n'), [{ event: 'x', id: null, data: '1' }]);
});

test("the server's time goes on steadily, whatever the browser's clock says", () => {
  const clock = new ServerClock();
  clock.learn('Fri, 27 Nov 2026 00:00:00 GMT', 100, 300);
  assert.equal(new Date(clock.now(1200)).toISOString(), '2026-11-27T00:00:01.500Z');
});
