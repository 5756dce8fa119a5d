// SPDX-License-Identifier: Apache-2.0
// A page that has lost its contact says so, and comes back by itself with everything that happened meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, shoot, violations } from './browser.mjs';
import { PASSWORD, until } from './scene.mjs';
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

test('the sound of a lost contact can be silenced on the curtain itself', () =>
  set.withPage({ lang: 'en' }, async (page) => {
    await aRoom(page);
    await page.locator('h1').click();
    await set.scene.stopGateway();
    await curtain(page).getByRole('button', { name: 'Silence' }).click();
    await curtain(page).getByText('Silent, back in').waitFor();
    await set.scene.startGateway();
    await curtain(page).waitFor({ state: 'detached' });
  }));

test('a page whose shared worker fails to come, or never comes, has a line of its own', () => {
  const desk = { lang: 'en', width: 1280, height: 800 };
  const workerIs = (handle) => (context) => context.route('**/assets/worker-*', handle);
  return set.withPage({ ...desk, arrange: workerIs((route) => route.abort()) }, (failed) =>
    set.withPage({ ...desk, arrange: workerIs(() => {}) }, async (waiting) => {
      await set.scene.press(BUTTON);
      for (const page of [failed, waiting]) {
        await page.locator(`[data-alarm$="${BUTTON}"]`).waitFor();
        await curtain(page).waitFor({ state: 'detached' });
      }
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

test('a page in which something fails says so, still sounds and is covered, and comes back by itself', async () => {
  const line = await wire(set.scene.port);
  try {
    await set.withPage({ url: `https://127.0.0.1:${line.port}`, lang: 'en', as: 'li', path: '/rooms' }, async (page) => {
      await aRoom(page);
      await noteCurtain(page);
      await page.route('**/api/v1/health', (route) => route.fulfill({ json: {} }));
      await openPage(page, 'Security desk');
      await page.getByRole('heading', { name: 'This page has failed' }).waitFor();
      await page.getByRole('alert').getByText('No alarm shows here').waitFor();
      assert.deepEqual(await violations(page), []);
      await set.scene.press(BUTTON);
      await until(async () => /^\(\d+\)/.test(await page.title()), 'the tab to tell of the alarm');
      await page.getByRole('button', { name: 'Silence for 120 seconds' }).waitFor();
      await line.cut();
      await isCovered(page);
      await line.mend();
      await isUncovered(page);
      await page.unroute('**/api/v1/health');
      await page.getByRole('heading', { name: 'Security desk' }).waitFor();
      assert.equal(await page.evaluate(() => window.sameDocument), true);
    });
  } finally {
    await line.cut();
  }
});

test('an address that is no text is the name of no alarm', () =>
  set.withPage({ lang: 'en', path: '/alarm/%' }, (page) => page.getByText('There is no such alarm').waitFor()));

async function signIn(page, id) {
  await page.fill('input[name=id]', id);
  await page.fill('input[name=password]', PASSWORD);
  await page.click('form button.primary');
  await page.locator('.account').waitFor();
}

test('who is signed out by somebody else is told, hears it and can silence it; who signs out is left alone', () =>
  set.withPage({ lang: 'en', as: 'audit', path: '/rooms' }, async (page) => {
    await aRoom(page);
    const other = await page.context().newPage();
    await other.goto(page.url());
    await aRoom(other);
    await page.bringToFront();
    await page.locator('main h1').click();
    set.scene.cli('user', 'remove', 'audit');
    const told = page.getByRole('alert').getByText('You are signed out');
    await told.waitFor();
    await until(async () => /No contact/.test(await page.title()), 'the tab to say it');
    await page.getByRole('button', { name: 'Silence for 120 seconds' }).click();
    assert.deepEqual(await violations(page), []);
    await shoot(page, 'signed-out-en');
    await page.reload();
    await told.waitFor();

    set.scene.addUser('audit', 'auditor', '审计员');
    await signIn(page, 'audit');
    await other.bringToFront();
    await aRoom(other);
    await page.locator('.account summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    for (const each of [page, other]) {
      await each.getByRole('heading', { name: 'Sign in' }).waitFor();
      await until(async () => (await each.title()) === 'Tocsin', 'the tab to be calm');
      assert.equal(await each.getByRole('alert').getByText('You are signed out').count(), 0);
    }
  }));
