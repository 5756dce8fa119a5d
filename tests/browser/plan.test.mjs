// SPDX-License-Identifier: Apache-2.0
// A floor plan that somebody drew: on desk and wall, with what is not normal on it; the other buildings as blocks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot } from './browser.mjs';
import { SECOND, until } from './scene.mjs';
import { stage } from './stage.mjs';

const DESK = { as: 'li', lang: 'en', path: '/desk', width: 1366, height: 768 };
const WALL = { as: 'wall', lang: 'zh-CN', path: '/desk/wall', width: 1920, height: 1080 };
const TEST = ['--by', 'test', '--role', 'engineer'];

const set = stage();
const place = (page, id) => page.locator(`[data-place="${id}"]`);
const row = (page, id) => page.locator(`[data-alarm="${id}"]`);
const PRESSED = ['care/day-care/button-1', 'care/dining/button', 'care/bath/cord', 'care/club/button', 'care/rehab/button'];
const CALL = 'emergency_call/care/day-care/button-1';
const GOING = 'emergency_call/care/club/button';

/** As many alarms as the demonstration has: an answered one among them, and a room under test. */
async function disturb() {
  set.scene.cli('test', 'begin', 'care/talk', '--minutes', '60', '--reason', 'works', ...TEST, ...SECOND);
  for (const point of PRESSED) await set.scene.press(point);
  await until(() => set.scene.alarms().length >= PRESSED.length, 'the alarms');
  set.scene.cli('ack', GOING, '--by', 'li');
}

async function settle() {
  await set.scene.calm();
  set.scene.cli('test', 'end', 'care/talk', ...TEST);
}

/** In a page: which words of the drawn rooms are not inside what is coloured for them. */
const outside = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.room > text')].flatMap((text) => {
      const [words, room] = [text, text.parentElement.querySelector('.block-fill')].map((each) => each.getBoundingClientRect());
      const isIn = words.left >= room.left && words.right <= room.right && words.top >= room.top - 1 && words.bottom <= room.bottom + 1;
      return isIn ? [] : [text.textContent];
    }));

const colourOf = (locator) => locator.first().evaluate((shape) => getComputedStyle(shape).fill);

test('a drawn plan shows each room in its shape, filled while nobody goes, framed when somebody does, and others as blocks', async () => {
  try {
    await set.withPage({ ...DESK, width: 1920, height: 1080 }, async (page) => {
      await page.locator('.drawing').waitFor();
      const grey = await colourOf(place(page, 'care/dining').locator('.block-fill'));
      await disturb();
      await row(page, GOING).getByText('li is going').waitFor();
      await place(page, 'care/club').locator('.block-inside').first().waitFor();
      const day = place(page, 'care/day-care').and(page.locator('.room'));
      await day.locator('.block-status').getByText('Emergency').waitFor();
      assert.equal(await day.locator('.shape-emergency').count(), 1);
      assert.equal(await colourOf(day.locator('.block-fill')), 'rgb(200, 16, 46)');
      assert.notEqual(grey, 'rgb(200, 16, 46)');
      await place(page, 'care/talk').and(page.locator('.room.block-test')).waitFor({ state: 'attached' });
      assert.equal(await place(page, 'hall/desk').locator('rect.block-fill').count(), 1);
      for (const [scheme, width, height] of [['light', 1366, 768], ['dark', 1366, 768], ['dark', 1920, 1080], ['light', 1920, 1080]]) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize({ width, height });
        await until(async () => (await page.evaluate(() => document.querySelector('.plan > svg').clientHeight)) > height / 3, 'the plan to fit');
        assert.deepEqual(await outside(page), [], `${width} px`);
        const [page_, window_] = await page.evaluate(() => [document.documentElement.scrollHeight, innerHeight]);
        assert.ok(page_ <= window_, `the desk is ${page_} px high in a window of ${window_}`);
        await shoot(page, `plan-desk-${scheme}-${width}`);
      }
    });
    await set.withPage(WALL, async (page) => {
      await page.locator('.drawing').waitFor();
      for (const [width, height] of [[1920, 1080], [3840, 2160]]) {
        await page.setViewportSize({ width, height });
        await until(async () => (await page.evaluate(() => document.querySelector('.plan > svg').clientHeight)) > height / 3, 'the plan to fit');
        await place(page, 'care/day-care').and(page.locator('.room')).locator('.block-status').getByText('紧急').waitFor();
        assert.deepEqual(await outside(page), [], `${width} px`);
        await shoot(page, `plan-wall-${width}`);
      }
    });
  } finally {
    await settle();
  }
});

/** In a page: what is written of rooms in alarm, and the number of each in the drawing and beside it. */
const named = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.room.block-emergency')].map(({ dataset }) => {
      const [beside, room] = ['.block:not(.room)', '.room'].map((kind) => document.querySelector(`${kind}[data-place="${dataset.place}"]`));
      const spoken = beside ?? room;
      const box = spoken.querySelector('.block-fill').getBoundingClientRect();
      const texts = [...spoken.querySelectorAll('text')].filter((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        return left >= box.left && right <= box.right && top >= box.top - 1 && bottom <= box.bottom + 1;
      });
      const name = texts.filter((text) => text.matches('.block-name')).map((text) => text.textContent).join(' ');
      const numbers = [room, beside].map((each) => each?.querySelector('.block-number')?.textContent);
      return { name, numbers, label: room.getAttribute('aria-label'), isBeside: beside !== null };
    }));

test('a room in alarm that is too small for words has its mark and the number of its block, and its name is whole', async () => {
  const names = { 'care/read/button': 'Reading room', 'care/talk/button': 'Counselling room', 'care/bath/cord': 'Assisted bathroom' };
  for (const point of Object.keys(names)) await set.scene.press(point);
  try {
    for (const [view, width, height] of [[WALL, 1920, 1080], [WALL, 3840, 2160], [DESK, 1366, 768]]) {
      await set.withPage({ ...view, lang: 'en', width, height }, async (page) => {
        await page.locator('.drawing').waitFor();
        await until(async () => (await page.locator('.room.block-emergency').count()) === 3, 'the rooms');
        const rooms = await named(page);
        assert.deepEqual(rooms.map(({ name }) => name).sort(), Object.values(names).sort(), `${width} px`);
        for (const { name, numbers: [drawn, beside], label, isBeside } of rooms) {
          assert.equal(drawn, beside, name);
          assert.equal(drawn !== undefined, isBeside, name);
          assert.match(label, new RegExp(`^${name} Emergency`));
        }
        const numbers = rooms.flatMap(({ numbers: [drawn] }) => drawn ?? []);
        assert.equal(new Set(numbers).size, numbers.length);
        assert.ok(numbers.length > 0);
        assert.equal(await page.locator('.plan > svg > line').count(), 0);
        await shoot(page, `plan-small-${view.as}-${width}`);

      });
    }
  } finally {
    await set.scene.calm();
  }
});

test('a room of the drawing is a button by the keyboard with its name and state, and leads to its alarm', async () => {
  for (const point of ['care/day-care/button-1', 'care/club/button']) await set.scene.press(point);
  try {
    await set.withPage(DESK, async (page) => {
      await row(page, CALL).waitFor();
      const club = page.getByRole('button', { name: /^Activity room Emergency/ });
      await club.focus();
      await page.keyboard.press('Enter');
      await row(page, GOING).locator('[data-action=going]').waitFor();
      assert.equal(await page.getByRole('button', { name: /Reading room/ }).count(), 0, 'what is normal is not in the way');
    });
  } finally {
    await set.scene.calm();
  }
});

test('whatever comes as a drawing, only its shapes are taken, and nothing of it runs or is fetched', () =>
  set.withPage({ ...DESK, arrange: (context) => context.route('**/api/v1/plans/care', (route) => route.fulfill({ contentType: 'image/svg+xml', body: EVIL })) }, async (page) => {
    await place(page, 'care/club').and(page.locator('.room')).waitFor({ state: 'attached' });
    const names = await page.evaluate(() => [...new Set([...document.querySelectorAll('.drawing, .drawing *')].flatMap((each) => [each.localName, ...each.getAttributeNames()]))]);
    assert.deepEqual(names.sort(), ['class', 'd', 'fill', 'g', 'height', 'path', 'rect', 'transform', 'width', 'x', 'y'].sort());
    assert.equal(await page.evaluate(() => window.hit), undefined);
  }));

/* What the content policy would stop by itself, and complain of, is left out. */
const EVIL = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><script>window.hit = 2</script>
  <image href="https://elsewhere.invalid/a.png" width="9" height="9"/>
  <foreignObject width="9" height="9"><p xmlns="http://www.w3.org/1999/xhtml">Hello</p></foreignObject>
  <path d="M0 0h40v20h-40z" fill="none" filter="url(https://elsewhere.invalid/b#c)" tabindex="0"/>
  <a href="https://elsewhere.invalid"><rect width="9" height="9"/></a>
  <rect data-place="care/club" x="1" y="1" width="30" height="18" id="content" class="sound-bar"/></svg>`;

test('without its drawing a place is shown as blocks, and with it when it comes', () => {
  let isAway = true;
  const arrange = (context) => context.route('**/api/v1/plans/care', (route) => (isAway ? route.fulfill({ status: 503 }) : route.continue()));
  return set.withPage({ ...DESK, arrange }, async (page) => {
    await place(page, 'care/club').and(page.locator('.block:not(.room)')).waitFor();
    isAway = false;
    await page.locator('.drawing').waitFor();
    await place(page, 'care/club').and(page.locator('.room')).waitFor({ state: 'attached' });
    assert.equal(await place(page, 'care/club').count(), 1);
  });
});
