// SPDX-License-Identifier: Apache-2.0
// Who can be reached, as the desk and the manager see it before it matters; and a page that is a receiver itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage } from './stage.mjs';

const set = stage();

/** Of the example's roles nobody has a phone, and the manager's webhook is one at which nobody answers. */
const WORDS = {
  'zh-CN': { name: '能通知到谁', nobody: /^经理.* 自 [\d:]+ 起通知不到任何人$/, reached: /^经理.* 1 个页面$/ },
  en: { name: 'Who can be reached', nobody: /^Manager.* nobody can be reached since [\d:]+$/, reached: /^Manager.* 1 page$/ },
};
const line = (page, lang) => page.getByRole('list', { name: WORDS[lang].name }).getByRole('listitem');

/** Sound is allowed after a touch, and with it the page is one that can be heard. */
const touch = (page) => page.locator('main h1').first().click();

for (const lang of ['zh-CN', 'en']) {
  test(`desk and manager see in red that nobody is reached, and a page that can be seen and heard ends it: ${lang}`, () =>
    set.withPage({ as: 'li', path: '/desk', lang, width: 1920, height: 1080 }, async (desk) => {
      await line(desk, lang).filter({ hasText: WORDS[lang].nobody }).waitFor();
      await line(desk, lang).filter({ hasText: lang === 'en' ? /Care shift/ : /护理班/ }).waitFor();
      assert.equal(await line(desk, lang).first().evaluate((row) => getComputedStyle(row).backgroundColor), 'rgb(200, 16, 46)');
      await set.withPage({ as: 'sun', path: '/manager', lang, width: 1280, height: 800 }, async (manager) => {
        await line(manager, lang).filter({ hasText: WORDS[lang].nobody }).waitFor();
        await touch(manager);
        await line(manager, lang).filter({ hasText: WORDS[lang].reached }).waitFor();
        await line(desk, lang).filter({ hasText: WORDS[lang].reached }).waitFor();
      });
      await line(desk, lang).filter({ hasText: WORDS[lang].nobody }).waitFor();
    }));
}

test('the wall shows it without a name', () =>
  set.withPage({ as: 'wall', path: '/desk/wall', width: 1920, height: 1080 }, async (wall) => {
    await line(wall, 'zh-CN').filter({ hasText: /^经理/ }).waitFor();
    const { audiences, pages } = await wall.evaluate(() => fetch('/api/v1/reach').then((answer) => answer.json()));
    const kinds = audiences.map(({ to }) => to);
    assert.deepEqual([kinds.includes('role'), kinds.includes('person'), pages], [true, false, undefined]);
  }));
