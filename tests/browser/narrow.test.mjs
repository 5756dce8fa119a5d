// SPDX-License-Identifier: Apache-2.0
// On a floor plan with little room no word of a state is cut: it is whole or left to the shape and the title.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot } from './browser.mjs';
import { until } from './scene.mjs';
import { stage } from './stage.mjs';

const PRESSED = ['care/day-care/button-1', 'care/club/button', 'care/dining/smoke-1', 'care/bath/cord', 'care/talk/button'];

const set = stage({
  prepare: async (scene) => {
    for (const point of PRESSED) await scene.press(point);
    await until(() => scene.alarms().length >= PRESSED.length, 'the alarms');
  },
});

for (const lang of ['zh-CN', 'en']) {
  test(`no word of a state is cut, nor wider than its place (${lang})`, () =>
    set.withPage({ as: 'li', lang, path: '/desk' }, async (page) => {
      const marked = page.locator('.block-emergency');
      for (const [width, height] of [[320, 700], [768, 700], [1024, 700], [1366, 768], [1920, 1080]]) {
        await page.setViewportSize({ width, height });
        await until(async () => (await marked.count()) >= 4, 'the places with alarms');
        const bad = await page.evaluate(() =>
          [...document.querySelectorAll('.block-status')]
            .map((text) => ({
              said: text.textContent,
              text: text.getBoundingClientRect(),
              block: text.parentElement.querySelector(':scope > .block-fill').getBoundingClientRect(),
            }))
            .filter(({ said, text, block }) => said.includes('…') || text.x + text.width > block.x + block.width || text.x < block.x)
            .map(({ said, text, block }) => `${said}: ${text.x}+${text.width} in ${block.x}+${block.width}`),
        );
        assert.deepEqual(bad, [], `${width} px`);
        const untitled = await page.evaluate(() =>
          [...document.querySelectorAll('.block-name')]
            .filter((name) => name.textContent.endsWith('…') && !name.parentElement.querySelector(':scope > title')?.textContent)
            .map((name) => name.textContent),
        );
        assert.deepEqual(untitled, [], `${width} px`);
        if (width === 1024 || width === 320) await shoot(page, `desk-narrow-${lang}-${width}`);
      }
    }));
}

test('before anybody signs in it is told how a device comes to trust the gateway, with the certificate', () =>
  set.withPage({ as: null, lang: 'en' }, async (page) => {
    await page.getByText('Set up this device').click();
    for (const device of ['iPhone and iPad', 'Android', 'Windows']) await page.getByText(device, { exact: true }).waitFor();
    const link = page.getByRole('link', { name: "Get the authority's certificate" });
    const answer = await page.request.get(new URL(await link.getAttribute('href'), page.url()).href);
    assert.equal(answer.status(), 200);
    assert.match(await answer.text(), /BEGIN CERTIFICATE/);
    await shoot(page, 'trust-en');
  }));
