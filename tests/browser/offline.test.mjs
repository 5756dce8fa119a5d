// SPDX-License-Identifier: Apache-2.0
// The installed app: without a network it shows what was last known, as old as it is; and it does not stay old.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { shoot, violations } from './browser.mjs';
import { DIST, until } from './scene.mjs';
import { stage } from './stage.mjs';
import { wire } from './wire.mjs';

const BUTTON = 'care/day-care/button-1';
const RED = 'rgb(200, 16, 46)';

const set = stage();

/** A page at the end of a wire, whose app is kept for later. */
async function withWire(options, body) {
  const line = await wire(set.scene.port);
  try {
    await set.withPage({ ...options, url: `https://127.0.0.1:${line.port}` }, async (page) => {
      await isKept(page);
      await body(page, line);
    });
  } finally {
    await line.cut();
  }
}

const isKept = (page) =>
  until(() => page.evaluate(() => navigator.serviceWorker.controller?.state === 'activated'), 'the app to be kept');

for (const [lang, title, room, age, calm] of [
  ['zh-CN', '失去联系', '日间照料室', /\d+(秒|分钟)前的情况/, '没有告警'],
  ['en', 'No contact', 'Day-care room', /As it was \d+ (sec|min) ago/, 'No alarms'],
]) {
  test(`without a network the app opens with what was last known, its age in red, and nothing to press (${lang})`, () =>
    withWire({ lang }, async (page, line) => {
      await set.scene.press(BUTTON);
      await page.locator('.card').waitFor();
      await until(() => page.evaluate(() => localStorage.getItem('tocsin.snapshot')?.includes('day-care/button-1')), 'the snapshot');
      await line.cut();
      await page.reload();
      const curtain = page.getByRole('alertdialog', { name: title });
      await curtain.waitFor();
      const known = curtain.locator('.last-known');
      assert.ok((await known.innerText()).includes(room), await known.innerText());
      assert.match(await known.locator('.age').innerText(), age);
      assert.equal(await known.locator('.age').evaluate((each) => getComputedStyle(each).color), RED);
      assert.equal(await page.locator('.card, .calm, [data-action]').count(), 0);
      assert.equal(await page.locator('link[rel=icon]').getAttribute('href'), '/favicon-lost.svg');
      assert.deepEqual(await violations(page), []);
      await shoot(page, `offline-${lang}`);
      // Nothing of the API was kept, so nothing of it can be taken for live.
      assert.deepEqual(await page.evaluate(async () => {
        const kept = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
        return kept.flat().map((request) => new URL(request.url).pathname).filter((path) => path.startsWith('/api'));
      }), []);

      // What is over when the network is back is not shown for a moment.
      await set.scene.calm();
      await page.evaluate(() => new MutationObserver(() => {
        window.sawCard ||= document.querySelector('.card') !== null;
      }).observe(document.body, { childList: true, subtree: true }));
      await line.mend();
      await curtain.waitFor({ state: 'detached' });
      await page.getByRole('heading', { name: calm }).waitFor();
      assert.equal(await page.evaluate(() => Boolean(window.sawCard)), false);
    }));
}

test('whoever signs out leaves nothing on the phone', () =>
  withWire({ as: 'chen', lang: 'en' }, async (page, line) => {
    await set.scene.press(BUTTON);
    await page.locator('.card').waitFor();
    await page.locator('.account summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await line.cut();
    await page.reload();
    await page.getByText('There has been no contact with the gateway yet').waitFor();
    assert.equal(await page.locator('.last-known').count(), 0);
  }));

test('a newer version takes over: by itself where nothing is lost, else after one press; no old one is stuck', async () => {
  const { scene } = set;
  const dist = join(scene.directory, 'dist');
  cpSync(DIST, dist, { recursive: true });
  const edit = (name, from, to) => {
    const text = readFileSync(join(dist, name), 'utf8');
    assert.match(text, from, name);
    writeFileSync(join(dist, name), text.replace(from, to));
    for (const packed of ['.gz', '.br']) rmSync(join(dist, name + packed));
  };
  edit('index.html', /<html /, '<html data-version="next" ');
  edit('service-worker.js', /[0-9a-f]{12}/, '000000000000');
  const isNew = (page) => page.locator('html[data-version=next]').waitFor({ state: 'attached' });
  await set.withPage({ lang: 'en' }, (touched) =>
    set.withPage({ lang: 'en' }, async (idle) => {
      for (const page of [touched, idle]) await isKept(page);
      await touched.getByRole('button', { name: 'Sound is off' }).click();
      await touched.getByText('The alarm sound is on').waitFor();
      await scene.stopGateway();
      scene.assets = dist;
      await scene.startGateway();
      await isNew(idle);
      await touched.getByText('There is a newer version').waitFor();
      assert.equal(await touched.locator('html[data-version]').count(), 0);
      await shoot(touched, 'new-version-en');
      await touched.getByRole('button', { name: 'Load it' }).click();
      await isNew(touched);
      await touched.getByRole('heading', { name: 'No alarms' }).waitFor();
      assert.equal(await touched.getByText('There is a newer version').count(), 0);
      // And it is the new one that opens without a network.
      await scene.stopGateway();
      await touched.reload();
      await isNew(touched);
      await touched.locator('.curtain').waitFor();
      await scene.startGateway();
    }),
  );
});

test('it can be installed: a manifest and icons in the language of the page', () =>
  set.withPage({ lang: 'en' }, async (page) => {
    const href = await page.locator('link[rel=manifest]').getAttribute('href');
    const manifest = await (await page.request.get(set.scene.url + href)).json();
    assert.equal(manifest.lang, 'en');
    assert.equal(manifest.display, 'standalone');
    for (const { src, sizes } of manifest.icons) {
      const size = await page.evaluate(async (path) => {
        const { width, height } = await createImageBitmap(await (await fetch(path)).blob());
        return `${width}x${height}`;
      }, src);
      assert.equal(size, sizes, src);
    }
    await page.locator('.account summary').click();
    await page.getByRole('button', { name: '中文' }).click();
    await until(async () => (await page.locator('link[rel=manifest]').getAttribute('href')) === '/zh-CN.webmanifest', 'the other manifest');
  }));
