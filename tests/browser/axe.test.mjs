// SPDX-License-Identifier: Apache-2.0
// Every page in both languages, both themes and three widths: nothing serious for axe, nothing to scroll
// sideways, nothing too small to touch; and a screenshot of each for people to look at.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage, shoot, signIn, violations } from './browser.mjs';
import { serveConsole } from './console.mjs';
import { Scene, until } from './scene.mjs';

const CALL = 'emergency_call/care/day-care/button-1';
const TARGET_PX = 48;
const ACK_PX = 72;

let scene;
let site;
let browser;

before(async () => {
  scene = await new Scene().start();
  site = await serveConsole(scene.socket);
  browser = await launch();
  for (const point of ['care/day-care/button-1', 'care/club/button', 'care/dining/smoke-1']) await scene.say(`set ${point} 1`);
  const open = () => String(scene.tryCli('alarms', '--json') || '').split('\n').filter((line) => line.includes('"open":true'));
  await until(() => open().length >= 3, 'three alarms');
  scene.tryCli('ack', CALL, '--by', 'wang', '--role', 'caregiver');
});

after(async () => {
  await browser?.close();
  await site?.close();
  await scene?.close();
});

async function inspect(page, name) {
  assert.deepEqual(await violations(page), [], name);
  const sizes = await page.evaluate(() => ({
    over: document.documentElement.scrollWidth - innerWidth,
    small: [...document.querySelectorAll('button, input, select, nav a, .story-link')]
      .filter((each) => each.getBoundingClientRect().height < 47.5)
      .map((each) => each.outerHTML.slice(0, 80)),
    ack: [...document.querySelectorAll('[data-action=going]')].map((each) => each.getBoundingClientRect().height),
  }));
  assert.ok(sizes.over <= 0, `${name} is ${sizes.over} px too wide`);
  assert.deepEqual(sizes.small, [], `${name}: targets below ${TARGET_PX} px`);
  for (const height of sizes.ack) assert.ok(height >= ACK_PX - 0.5, `${name}: ${height} px to acknowledge`);
  await shoot(page, name);
}

for (const lang of ['zh-CN', 'en']) {
  for (const theme of ['light', 'dark']) {
    for (const width of [320, 768, 1920]) {
      test(`every page is in order: ${lang}, ${theme}, ${width} px`, async () => {
        const { context, page, complaints } = await openPage(browser, { lang, theme, width, height: width === 1920 ? 1080 : 700 });
        const name = (what) => `${what}-${lang}-${theme}-${width}`;
        await page.goto(site.url);
        await page.waitForSelector('form');
        await inspect(page, name('sign-in'));
        await signIn(page, site.url);
        await page.locator('.card').nth(2).waitFor();
        await inspect(page, name('rooms'));
        await page.goto(`${site.url}/events`);
        await page.waitForSelector('.events td');
        await inspect(page, name('events'));
        await page.goto(`${site.url}/alarm/${CALL}`);
        await page.waitForSelector('.story li');
        await page.waitForSelector('.card');
        await inspect(page, name('story'));
        assert.deepEqual(complaints, []);
        await context.close();
      });
    }
  }
}
