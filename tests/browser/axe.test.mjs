// SPDX-License-Identifier: Apache-2.0
// Every page in both languages, both themes and three widths: nothing serious for axe, nothing to scroll
// sideways, nothing too small to touch; and a screenshot of each for people to look at.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot, violations } from './browser.mjs';
import { CALL, PAGES } from './pages.mjs';
import { until } from './scene.mjs';
import { stage } from './stage.mjs';

const TARGET_PX = 48;
const ACK_PX = 72;

async function prepare(scene) {
  for (const point of ['care/day-care/button-1', 'care/club/button', 'care/dining/smoke-1']) await scene.press(point);
  await until(() => scene.alarms().length >= 3, 'three alarms');
  scene.cli('ack', CALL, '--by', 'wang', '--role', 'caregiver');
}

const set = stage({ prepare });

async function inspect(page, name) {
  assert.deepEqual(await violations(page), [], name);
  const sizes = await page.evaluate(() => ({
    over: document.documentElement.scrollWidth - innerWidth,
    small: [...document.querySelectorAll('button, input, select, summary, nav a, .story-link, .call')]
      .map((each) => ({ px: each.getBoundingClientRect().height, html: each.outerHTML.slice(0, 80) }))
      .filter(({ px }) => px > 0 && px < 47.5),
    ack: [...document.querySelectorAll('[data-action=going]')].map((each) => each.getBoundingClientRect().height),
  }));
  assert.ok(sizes.over <= 0, `${name} is ${sizes.over} px too wide`);
  assert.deepEqual(sizes.small, [], `${name}: targets below ${TARGET_PX} px`);
  for (const height of sizes.ack) assert.ok(height >= ACK_PX - 0.5, `${name}: ${height} px to acknowledge`);
  await shoot(page, name);
}

for (const lang of ['zh-CN', 'en']) {
  for (const { name, path, as, ready } of PAGES) {
    test(`the page ${name} is in order in both themes and at three widths (${lang})`, () =>
      set.withPage({ lang, path, as }, async (page) => {
        await page.waitForSelector(ready);
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          for (const width of [320, 768, 1920]) {
            await page.setViewportSize({ width, height: width === 1920 ? 1080 : 700 });
            await inspect(page, `${name}-${lang}-${colorScheme}-${width}`);
          }
        }
      }));
  }
}
