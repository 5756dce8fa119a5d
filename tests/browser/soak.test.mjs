// SPDX-License-Identifier: Apache-2.0
// Pages that are left open for months. In each round doors are opened while the line is cut; it is mended, the doors
// are shut and their alarms acknowledged, four events for each door. The sample is of 10 rounds and 2,000 events; with
// TOCSIN_SOAK=full they are 100 reconnects and 100,000 events (tests/run long).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countPage, countWorkers } from './heap.mjs';
import { until } from './scene.mjs';
import { stage } from './stage.mjs';
import { doorsOf, house } from './storm.mjs';
import { wire } from './wire.mjs';

const [ROUNDS, DOORS] = process.env.TOCSIN_SOAK === 'full' ? [100, 250] : [10, 50];
/** By then the lists that show the newest of what was are full, and nothing is done for the first time. */
const FILLED = 3;
/** For each event that comes. One that is kept has three objects at least: one in ten is noticed. */
const MORE_MAX = 0.3;

const set = stage({ prepare: (scene) => scene.calm(), site: house });
const doors = doorsOf(DOORS);

async function move(value) {
  for (const door of doors) await set.scene.say(`set ${door} ${value}`);
}

/** How many of the doors have an alarm that is open. */
const held = () => set.scene.alarms().filter(({ alarm }) => alarm.startsWith('held/')).length;

/** In a page: how many alarms its heading says there are. */
const ALARMS_SHOWN = `(() => {
  const heading = (document.querySelector('.desk-alarms h2') ?? document.querySelector('h1')).textContent;
  return heading.startsWith('No alarm') ? 0 : parseInt(heading, 10);
})()`;

const shows = (page, isRight, what) => until(async () => isRight(await page.evaluate(ALARMS_SHOWN)), `${what} on ${page.url()}`);

const eventsSoFar = (page) => page.evaluate(async () => (await (await fetch('/api/v1/events?newest=1&limit=1')).json()).events[0].sequence);

/** By the page itself: a browser knows what to do about a connection that was closed for having been idle. */
async function acknowledgeAll(page) {
  const refused = await page.evaluate(async (paths) => {
    const headers = { 'Content-Type': 'application/json' };
    const answers = await Promise.all(paths.map((path) => fetch(path, { method: 'POST', headers, body: '{}' })));
    return Promise.all(answers.filter(({ ok }) => !ok).map((answer) => answer.text()));
  }, doors.map((door) => `/api/v1/alarms/held/${door}/acknowledge`));
  assert.deepEqual(refused, []);
}

async function live(line, rooms, desk) {
  await line.cut();
  await move(1);
  await until(() => held() === DOORS, 'the doors to stand open');
  await line.mend();
  for (const page of [rooms, desk]) await shows(page, (count) => count >= DOORS, 'the open doors');
  await move(0);
  await acknowledgeAll(rooms);
  await until(() => held() === 0, 'the doors to be shut');
  // A machine of which the disk is slow has an alarm of its own.
  await set.scene.calm();
  for (const page of [rooms, desk]) await shows(page, (count) => count === 0, 'no alarm');
}

async function count(pages) {
  const kept = {};
  for (const [name, page] of Object.entries(pages)) kept[name] = await countPage(page);
  (await countWorkers(set.browser)).forEach((counted, index) => (kept[`worker_${index + 1}`] = counted));
  return kept;
}

/** The slope of y over x, by least squares. */
function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([a]) => a)), mean(points.map(([, b]) => b))];
  return mean(points.map(([a, b]) => (a - x) * (b - y))) / mean(points.map(([a]) => (a - x) ** 2));
}

/** Of what there is more than the events can be the reason of. */
function grown(first, last) {
  const most = (last.events - first.events) * MORE_MAX;
  return Object.keys(last.kept).flatMap((name) =>
    Object.keys(last.kept[name])
      .filter((what) => what !== 'bytes' && last.kept[name][what] - first.kept[name][what] > most)
      .map((what) => `${name}: ${first.kept[name][what]} ${what}, then ${last.kept[name][what]}`),
  );
}

function tell(t, samples, last) {
  const [first] = samples;
  for (const [name, { bytes, ...counts }] of Object.entries(last.kept)) {
    const line = samples.map((sample) => [sample.events, sample.kept[name].bytes]);
    const changes = Object.entries(counts).map(([what, number]) => `${what}=${first.kept[name][what]}..${number}`);
    t.diagnostic(
      `page_soak of=${name} events=${last.events} reconnects=${ROUNDS} heap_bytes=${first.kept[name].bytes}..${bytes} ` +
        `slope_bytes_per_event=${slope(line).toFixed(2)} ${changes.join(' ')}`,
    );
  }
}

test(`${ROUNDS} reconnects with ${4 * DOORS} events each: what a page keeps does not grow with them`, async (t) => {
  const line = await wire(set.scene.port);
  const view = { url: `https://127.0.0.1:${line.port}`, lang: 'en', width: 1366, height: 768 };
  try {
    await set.withPage({ ...view, path: '/rooms' }, (rooms) =>
      set.withPage({ ...view, as: 'li', path: '/desk' }, (desk) =>
        set.withPage({ ...view, path: '/events' }, async (log) => {
          const samples = [];
          for (let round = 1; round <= ROUNDS; round++) {
            await live(line, rooms, desk);
            if (round < FILLED || (round - FILLED) % Math.ceil(ROUNDS / 20) !== 0) continue;
            samples.push({ events: await eventsSoFar(rooms), kept: await count({ rooms, desk, log }) });
          }
          const [first] = samples;
          let last = samples.at(-1);
          // A page in the middle of a question has its answer at hand, and soon has not; what is kept stays.
          const grows = async () => {
            last = { events: await eventsSoFar(rooms), kept: await count({ rooms, desk, log }) };
            return grown(first, last);
          };
          await until(async () => (await grows()).length === 0, 'the pages to keep no more than at first').catch(() => {});
          tell(t, samples, last);
          assert.ok(last.events - first.events >= (ROUNDS - FILLED) * 3 * DOORS, `${last.events} events`);
          assert.deepEqual(grown(first, last), []);
        }),
      ),
    );
  } finally {
    await line.cut();
  }
});
