// SPDX-License-Identifier: Apache-2.0
// What a new user does who follows the README and nothing else: starts the demonstration, opens the address that it
// prints on a phone, signs in as it says, and sees the call of its story through to the end.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { launch, shoot, watch } from '../browser/browser.mjs';
import { DEADLINE_MS, ROOT, until } from '../browser/scene.mjs';

const CARD = '[data-alarm="emergency_call/care/day-care/button-1"]';
const BUILD_MS = 15 * 60_000;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** The demonstration until `body` is over; its output so far is text(). */
async function withDemo(lang, body) {
  const demo = spawn(join(ROOT, 'deploy/demo'), ['--lang', lang], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let said = '';
  for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (bytes) => (said += bytes));
  const ended = new Promise((done) => demo.once('exit', done));
  try {
    await body(() => said);
  } catch (error) {
    error.message += `\nThe demonstration said:\n${said}`;
    throw error;
  } finally {
    process.kill(-demo.pid, 'SIGINT');
    await ended;
  }
}

for (const [lang, demo, words] of [
  ['zh-CN', 'zh', { password: /密码均为 (\S+)/, rooms: '我的房间', going: '王敏 正在前往', there: '王敏 已到场', never: '绝不能' }],
  ['en', 'en', { password: /password (\S+)/, rooms: 'My rooms', going: '王敏 is going', there: '王敏 is there', never: 'never replaces' }],
]) {
  test(`whoever follows the README sees the call of the demonstration through to its end (${lang})`, () =>
    withDemo(demo, async (text) => {
      // The first start builds the gateway.
      const [, url] = await until(() => text().match(/(https:\/\/127\.0\.0\.1:\d+)/), 'the address of the console', BUILD_MS);
      const [, password] = await until(() => text().match(words.password), 'the password');
      const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: lang, viewport: { width: 390, height: 844 } });
      try {
        const page = await context.newPage();
        page.setDefaultTimeout(DEADLINE_MS);
        const complaints = watch(page, url);
        await page.goto(url);
        await page.locator('input[autocomplete=username]').fill('wang');
        await page.locator('input[type=password]').fill(password);
        await shoot(page, `demo-0-sign-in-${lang}`);
        await page.keyboard.press('Enter');
        const card = page.locator(CARD);
        await card.waitFor();
        assert.ok((await page.locator('body').innerText()).includes(words.never), 'it supplements certified equipment');
        await shoot(page, `demo-1-call-${lang}`);
        await card.locator('[data-action=going]').dblclick();
        await card.getByText(words.going).waitFor();
        await card.locator('[data-action=attend]').click();
        await card.getByText(words.there).waitFor();
        await card.locator('[data-action=close]').click();
        await card.locator('[data-disposition=genuine]').click();
        await card.waitFor({ state: 'detached' });
        await shoot(page, `demo-2-closed-${lang}`);
        assert.deepEqual(complaints, []);
      } finally {
        await context.close();
      }
    }));
}
