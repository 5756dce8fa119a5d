// SPDX-License-Identifier: Apache-2.0
// More alarms than anybody can read, at the desk and on the wall.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot, textsOf } from './browser.mjs';
import { until } from './scene.mjs';
import { stage } from './stage.mjs';

const WALL_TEXT_PX = 28;
const FLOOD = [
  'care/day-care/button-1', 'care/day-care/button-2', 'care/dining/button', 'care/rehab/button', 'care/talk/button',
  'care/club/button', 'care/read/button', 'care/bath/cord', 'care/rehab/smoke-1', 'care/club/smoke-1', 'hall/desk/smoke-1',
];

const set = stage({
  prepare: async (scene) => {
    for (const point of FLOOD) await scene.press(point);
    await until(() => scene.alarms().length >= FLOOD.length, 'the flood');
  },
});

test('a flood is grouped by place and cause, and every alarm is still there', () =>
  set.withPage({ as: 'li', lang: 'en', width: 1366, height: 768 }, async (page) => {
    await page.getByText('Flood: grouped by place and cause').waitFor();
    const group = page.locator('[data-alarm^="place care/day-care"]');
    await group.getByText('2 unanswered').waitFor();
    await shoot(page, 'desk-flood-en');
    await group.locator('.desk-line').click();
    const known = new Set(set.scene.alarms().map((each) => each.alarm));
    const seen = new Set();
    const groups = await page.locator('[data-alarm]').count();
    for (let at = 0; at < groups + known.size; at++) {
      for (const id of await page.locator('[data-alarm]').evaluateAll((rows) => rows.map((each) => each.dataset.alarm))) seen.add(id);
      await page.keyboard.press('j');
    }
    await page.keyboard.press('k');
    for (const id of known) assert.ok(seen.has(id), `${id} is reached by J`);
  }));

const PLACES = [...new Set(FLOOD.map((point) => point.split('/').slice(0, -1).join('/')))];

for (const [lang, room, folded] of [['zh-CN', /日间照料室/, /另有 \d+ 处|\+\d/], ['en', /Day-care room/, /and \d+ more|\+\d/]]) {
  test(`a wall shows all of it at once in text that is read from 5 m (${lang})`, () =>
    set.withPage({ as: 'wall', lang, width: 1920, height: 1080 }, async (page) => {
      await page.locator('.wall-clock').getByText(/\d\d:\d\d:\d\d/).waitFor();
      const count = () => page.locator('.desk-alarms h2').innerText();
      await until(async () => (await count()).includes(String(set.scene.alarms().length)), 'all alarms to be counted');
      // A room that was drawn and is too small for words has its mark in the drawing and in the block beside it.
      for (const place of PLACES) assert.notEqual(await page.locator(`[data-place="${place}"] .shape-emergency`).count(), 0, place);
      const list = await page.locator('.desk-list').innerText();
      assert.match(list, room);
      assert.doesNotMatch(list, folded, 'a place that waits for somebody is not named');
      assert.equal(await page.locator('[data-alarm=rest]').count(), 0);
      const texts = await textsOf(page);
      assert.ok(texts.length > 40);
      assert.deepEqual(texts.filter(({ px }) => px < WALL_TEXT_PX), []);
      assert.deepEqual(texts.filter(({ isOutside }) => isOutside), []);
      const over = await page.evaluate(() => ({
        page: document.documentElement.scrollHeight - innerHeight,
        list: document.querySelector('.desk-list').scrollHeight - document.querySelector('.desk-list').clientHeight,
      }));
      assert.ok(over.page <= 0 && over.list <= 0, JSON.stringify(over));
      assert.match(await page.locator('.wall-top').innerText(), /0\.1\.0.*[0-9a-f]{8}/s);
      assert.equal(await page.locator('nav:visible, [data-action], [href^=tel]').count(), 0);
      await shoot(page, `wall-flood-${lang}`);
    }));
}
