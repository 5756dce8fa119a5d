// SPDX-License-Identifier: Apache-2.0
// A page that has lost its contact says so, and comes back by itself with everything that happened meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot } from './browser.mjs';
import { until } from './scene.mjs';
import { stage } from './stage.mjs';
import { wire } from './wire.mjs';

const BUTTON = 'care/bath/cord';
const CURTAIN_MAX_S = 10;

const set = stage();

const curtain = (page) => page.locator('.curtain');
const icon = (page) => page.locator('link[rel=icon]').getAttribute('href');
const aRoom = (page) => page.locator('.calm li').first().waitFor();

/** Note in the page what the curtain says of its age at the moment when it comes, by the page's own steady clock. */
const noteCurtain = (page) =>
  page.evaluate(() => {
    window.sameDocument = true;
    new MutationObserver(() => {
      const since = document.querySelector('.curtain-since')?.textContent;
      if (since) window.firstSaid ??= since;
    }).observe(document.body, { childList: true, subtree: true });
  });

async function isCovered(page) {
  await page.getByRole('alertdialog', { name: 'No contact' }).waitFor();
  const said = await page.evaluate(() => window.firstSaid);
  const age = Number(/Since \d\d:\d\d:\d\d, for (\d+) sec/.exec(said)?.[1]);
  assert.ok(age <= CURTAIN_MAX_S, `the curtain came and said "${said}"`);
  assert.equal(await icon(page), '/favicon-lost.svg');
  assert.match(await page.title(), /No contact/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  assert.equal(await curtain(page).isVisible(), true);
}

async function isUncovered(page) {
  await curtain(page).waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => window.sameDocument), true);
  await until(async () => (await icon(page)) !== '/favicon-lost.svg', 'the icon to be another again');
}

test('a gateway that is gone covers the page, and one that is back uncovers it, with and without a shared worker', async (t) => {
  const desk = { lang: 'en', width: 1280, height: 800 };
  await set.withPage(desk, (shared) =>
    set.withPage({ ...desk, init: 'delete window.SharedWorker;' }, async (alone) => {
      const pages = [shared, alone];
      for (const page of pages) await aRoom(page).then(() => noteCurtain(page));
      assert.equal(await curtain(shared).count(), 0);
      await set.scene.stopGateway();
      const stopped = performance.now();
      for (const page of pages) await isCovered(page);
      t.diagnostic(`covered ${Math.round(performance.now() - stopped)} ms after the gateway had ended`);
      await shoot(shared, 'curtain-en');
      await set.scene.startGateway();
      const healthy = performance.now();
      for (const page of pages) await isUncovered(page);
      t.diagnostic(`uncovered ${Math.round(performance.now() - healthy)} ms after the gateway was healthy`);
    }),
  );
});

test('a line that goes dead without an end covers the page too', () =>
  set.withPage({}, async (page) => {
    await aRoom(page);
    const { child } = set.scene.gateway;
    const pids = [child.pid, ...set.scene.children()];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      await page.getByRole('alertdialog', { name: '失去联系' }).waitFor();
      await shoot(page, 'curtain-zh-CN');
    } finally {
      for (const pid of pids.reverse()) process.kill(pid, 'SIGCONT');
    }
    await curtain(page).waitFor({ state: 'detached' });
  }));

test('a line that was cut is resumed after the last event: what came meanwhile is there, and nothing is asked twice', async () => {
  const line = await wire(set.scene.port);
  const options = { url: `https://127.0.0.1:${line.port}`, lang: 'en', init: 'delete window.SharedWorker;' };
  try {
    await set.withPage(options, async (page) => {
      await aRoom(page);
      const asked = [];
      page.on('request', async (request) => {
        const path = new URL(request.url()).pathname;
        if (path.startsWith('/api/')) asked.push({ path, after: (await request.allHeaders())['last-event-id'] ?? null });
      });
      const before = set.scene.events().at(-1).sequence;
      await line.cut();
      await set.scene.press(BUTTON);
      await until(() => set.scene.alarms().some(({ alarm }) => alarm.endsWith(BUTTON)), 'the alarm');
      await line.mend();
      await page.locator(`[data-alarm$="${BUTTON}"]`).waitFor();
      const streams = asked.filter(({ path }) => path === '/api/v1/stream');
      assert.ok(streams.length > 0 && streams.every(({ after }) => after === String(before)), JSON.stringify({ before, asked }));
      assert.deepEqual(asked.filter(({ path }) => path === '/api/v1/alarms'), []);
    });
  } finally {
    await line.cut();
  }
});
