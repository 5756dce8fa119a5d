// SPDX-License-Identifier: Apache-2.0
// What the web app costs a browser, each figure beside that of a bare page of the same run:
//
//   storm        500 alarms in 10 s: the processor's time of the page in each 100 ms. The bare page reads the same
//                stream and writes a line for each alarm.
//   interactive  from the beginning of the navigation until a click has an effect. The bare page is a heading and a
//                button from the same server.
//   slow_3g      the same without anything kept, over 400 kbit/s with 400 ms for each round trip.
//
// Needs the app (npm run build) and build/gcc. Run by tests/run bench; alone: node tests/bench/page.mjs [storm|opening].
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stage } from '../browser/stage.mjs';
import { until } from '../browser/scene.mjs';
import { ALARMS, busyMs, heading, house, share, storm, STORM_MS, traced } from '../browser/storm.mjs';

const only = process.argv[2];
const ms = (value) => value.toFixed(1);

async function onStage(site, body) {
  const stage = new Stage();
  try {
    await stage.open(site, true);
    await body(stage);
  } finally {
    await stage.close();
  }
}

/** In the page: a heading and a list, written as the stream tells of alarms, 10 times a second. */
async function bareStream() {
  const head = document.createElement('h1');
  const list = document.createElement('ul');
  document.body.replaceChildren(head, list);
  let rows = [];
  setInterval(() => {
    for (const text of rows) list.append(Object.assign(document.createElement('li'), { textContent: text }));
    if (rows.length > 0) head.textContent = `${list.children.length} alarms`;
    rows = [];
  }, 100);
  const answer = await fetch('/api/v1/stream');
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const read = async () => {
    let rest = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop();
      for (const line of lines.filter((each) => each.startsWith('data:'))) {
        const { type, data } = JSON.parse(line.slice(5));
        if (type === 'tocsin.alarm.raised') rows.push(data.text.en);
      }
    }
  };
  void read();
}

const benchStorm = () =>
  onStage(house, (stage) =>
    stage.withPage({ lang: 'en', width: 1280, height: 800 }, (page) =>
      stage.withPage({ lang: 'en', width: 1280, height: 800 }, async (bare) => {
        await bare.goto(`${stage.scene.url}/api/v1/version`);
        await bare.evaluate(bareStream);
        const stop = await traced(stage.browser, page);
        const began = performance.now();
        await storm(stage.scene);
        await heading(page, `${ALARMS} alarms`);
        const lag = performance.now() - began - STORM_MS;
        await heading(bare, `${ALARMS} alarms`);
        const [ours, theirs] = busyMs(await stop());
        console.log(
          `page_storm alarms=${ALARMS} seconds=10 p95_ms=${ms(share(ours.work, 0.95))} p50_ms=${ms(share(ours.work, 0.5))} ` +
            `painted_p95_ms=${ms(share(ours.all, 0.95))} most_ms=${ms(ours.all.at(-1))} last_shown_after_ms=${Math.round(lag)} ` +
            `bare_p95_ms=${ms(share(theirs.work, 0.95))} bare_painted_p95_ms=${ms(share(theirs.all, 0.95))} (aim p95 <= 16)`,
        );
      }),
    ),
  );

/** The bare page, over TLS as ours is. */
async function bareServer(body) {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-bare.'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, ...subject], { stdio: 'pipe' });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, answer) => {
    answer.setHeader('Content-Type', 'text/html');
    answer.end('<!doctype html><title>bare</title><h1>bare</h1><button data-action=going onclick="this.className = \'armed\'">going</button>');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try {
    await body(`https://127.0.0.1:${server.address().port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

const SLOW_3G = { offline: false, latency: 400, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8 };

/** Milliseconds from the beginning of the navigation until "I'm going" was clicked and says that it waits for more. */
async function opening(stage, url, { as, slow }) {
  const context = await stage.browser.newContext({ ignoreHTTPSErrors: true, ...(as ? { storageState: await stage.session(as) } : {}) });
  try {
    const page = await context.newPage();
    if (slow) {
      const wire = await context.newCDPSession(page);
      await wire.send('Network.enable');
      await wire.send('Network.emulateNetworkConditions', SLOW_3G);
    }
    // Looked for in the page at each frame: asking from outside would take as long as what is measured.
    await page.addInitScript(() => {
      const look = () => {
        const button = document.querySelector('[data-action=going]');
        if (button?.classList.contains('armed')) {
          window.openedMs = performance.now();
          return;
        }
        button?.click();
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    await page.goto(url, { waitUntil: 'commit' });
    return await until(() => page.evaluate(() => window.openedMs), `the button of ${url}`);
  } finally {
    await context.close();
  }
}

const benchOpening = () =>
  onStage(undefined, (stage) =>
    bareServer(async (bare) => {
      await stage.scene.press('care/day-care/button-1');
      await until(() => stage.scene.alarms().length > 0, 'the alarm');
      for (const [name, slow, runs, aim] of [
        ['interactive', false, 10, 1000],
        ['slow_3g', true, 3, 3000],
      ]) {
        const times = { rooms: [], bare: [] };
        for (let run = 0; run < runs; run++) {
          times.rooms.push(await opening(stage, `${stage.scene.url}/rooms`, { as: 'wang', slow }));
          times.bare.push(await opening(stage, bare, { slow }));
        }
        for (const list of Object.values(times)) list.sort((a, b) => a - b);
        console.log(
          `page_${name} runs=${runs} p50_ms=${Math.round(share(times.rooms, 0.5))} most_ms=${Math.round(times.rooms.at(-1))} ` +
            `bare_p50_ms=${Math.round(share(times.bare, 0.5))} bare_most_ms=${Math.round(times.bare.at(-1))} (aim <= ${aim})`,
        );
      }
    }),
  );

if (only === undefined || only === 'storm') await benchStorm();
if (only === undefined || only === 'opening') await benchOpening();
