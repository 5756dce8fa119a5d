// SPDX-License-Identifier: Apache-2.0
// An estate of 300 places, 2,000 points and 500 open alarms: on a wall of 4K, at a desk and on a phone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot, textsOf } from './browser.mjs';
import { ALARMING, estate } from './large.mjs';
import { until } from './scene.mjs';
import { stage } from './stage.mjs';

const ALARMS = 500;
/** What a list shows before somebody asks for more. */
const ROWS_MAX = 50;
/** Of the whole page: what each update and each second has to look through. */
const ELEMENTS_MAX = 2000;

const set = stage({
  site: estate,
  prepare: async (scene) => {
    for (const point of ALARMING.slice(0, ALARMS)) await scene.press(point);
    await until(() => scene.alarms().length >= ALARMS, `${ALARMS} alarms`);
  },
});

const heightOf = (page, selector) => page.locator(selector).evaluate((part) => part.getBoundingClientRect().height);

async function isBounded(page) {
  const [rows, elements, over] = await page.evaluate(() => [
    document.querySelectorAll('[data-alarm], tr, .tree > li').length,
    document.querySelectorAll('*').length,
    document.documentElement.scrollWidth - innerWidth,
  ]);
  assert.ok(rows > 0 && rows <= ROWS_MAX + 1, `${rows} rows`);
  assert.ok(elements <= ELEMENTS_MAX, `${elements} elements`);
  assert.ok(over <= 0, `${over} px too wide`);
}

const rooms = (page) => page.locator('[data-place*="/r"]');

test('a wall of 4K shows plan, alarms, links, doors and day at once, and the floors where rooms would be too small', () =>
  set.withPage({ as: 'wall', lang: 'en', width: 3840, height: 2160 }, async (page) => {
    await page.getByRole('heading', { name: `${ALARMS} alarms` }).waitFor();
    await page.locator('[data-place="b4/f6"] .block-name').getByText('Floor 6').waitFor();
    await page.getByText(/^and more:/).waitFor();
    assert.equal(await rooms(page).count(), 0);
    assert.ok((await heightOf(page, '.plan > svg')) > 900);
    const texts = await textsOf(page);
    assert.deepEqual(texts.filter(({ isOutside }) => isOutside), []);
    for (const part of ['.desk-list', '.desk-doors', '.desk-health', '.desk-today']) {
      const hidden = await page.locator(part).evaluate((each) => each.scrollHeight - each.clientHeight);
      assert.ok(hidden <= 0, `${part}: ${hidden} px are cut off`);
    }
    await isBounded(page);
    await shoot(page, 'large-wall-en');
  }));

for (const [lang, words] of [
  ['zh-CN', { room: '1 号楼 · 101 室', more: /显示更多/ }],
  ['en', { room: 'Building 1 · Room 101', more: /Show more/ }],
]) {
  test(`a desk shows ten alarms at a glance, says which of four rooms 101 it is, and opens one floor of the plan (${lang})`, () =>
    set.withPage({ as: 'li', lang, width: 1920, height: 1080 }, async (page) => {
      await page.locator('[data-alarm="call/b1/f1/r01/p0"]').getByText(words.room).waitFor();
      const height = await heightOf(page, '.plan > svg');
      assert.ok(height > 400, `a plan of ${height} px`);
      const seen = await page.locator('.desk-list').evaluate((list) => {
        const { bottom } = list.getBoundingClientRect();
        return [...list.querySelectorAll('.desk-line')].filter((line) => line.getBoundingClientRect().bottom <= bottom).length;
      });
      assert.ok(seen >= 10, `${seen} alarms are in sight`);
      await isBounded(page);
      await shoot(page, `large-desk-${lang}`);

      await page.locator('[data-place="b2/f3"]').click();
      await page.locator('[data-place="b2/f3/r01"]').waitFor();
      assert.equal(await page.locator('[data-place^="b1"]').count(), 0);
      await page.locator('.plan-area').selectOption('');
      await page.locator('[data-place="b1/f1"]').waitFor();

      const before = await page.locator('.desk-row').count();
      await page.getByRole('button', { name: words.more }).click();
      await until(async () => (await page.locator('.desk-row').count()) > before, 'more rows');
    }));
}

test('on a phone the list is bounded, and the plan is not longer than anybody scrolls', () =>
  set.withPage({ as: 'li', lang: 'en', width: 360, height: 780 }, async (page) => {
    await page.locator('[data-alarm="call/b1/f1/r01/p0"]').getByText('Building 1 · Room 101').waitFor();
    await page.locator('[data-place="b4/f6"]').waitFor();
    assert.ok((await heightOf(page, '.plan > svg')) < 2500);
    await isBounded(page);
    await shoot(page, 'large-phone-en');
  }));
