// SPDX-License-Identifier: Apache-2.0
// The ways in and out, and the sound, which a browser lets a page have only after a touch.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot, violations } from './browser.mjs';
import { PASSWORD, until } from './scene.mjs';
import { stage } from './stage.mjs';

const set = stage();

async function fillAndSend(page, fields) {
  for (const [name, value] of Object.entries(fields)) await page.fill(`input[name=${name}]`, value);
  await page.click('form button');
}

test('a wrong password is said in words; the language is chosen on the first screen and kept', () =>
  set.withPage({ as: null }, async (page) => {
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.getByText('never replaces it').waitFor();
    await fillAndSend(page, { id: 'wang', password: 'wrong' });
    await page.getByRole('alert').getByText('not the name and password').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    await fillAndSend(page, { id: 'wang', password: PASSWORD });
    await page.getByRole('heading', { name: 'No alarms' }).waitFor();
    await page.locator('.account summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  }));

test('as long as the server looks at a password the form says so, and its button does not look as if it could be pressed', () =>
  set.withPage({ as: null, lang: 'en' }, async (page) => {
    let answer;
    await page.route('**/api/v1/session', async (route) => {
      if (route.request().method() === 'POST') await new Promise((done) => (answer = done));
      await route.continue();
    });
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    const button = page.locator('form button');
    const filling = () => button.evaluate((each) => getComputedStyle(each).backgroundColor);
    const before = await filling();
    await fillAndSend(page, { id: 'wang', password: PASSWORD });
    await page.getByRole('status').getByText('it is being checked').waitFor();
    assert.equal(await page.locator('form').getAttribute('aria-busy'), 'true');
    assert.notEqual(await filling(), before);
    await until(() => answer !== undefined, 'the request');
    answer();
    await page.getByRole('heading', { name: 'No alarms' }).waitFor();
  }));

test('a wait before the next try is counted down on the button, and then it may be made', () =>
  set.withPage({ as: null, lang: 'en' }, async (page) => {
    await page.route('**/api/v1/session', (route) =>
      route.request().method() === 'POST' && !waited
        ? ((waited = true), route.fulfill({ status: 429, headers: { 'Retry-After': '3', 'Content-Type': 'application/problem+json' },
            body: JSON.stringify({ type: 'tocsin:problem/sign_in_rate', detail: 'Too many tries: wait a little before the next' }) }))
        : route.continue());
    let waited = false;
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    const counted = page.evaluate(() => new Promise((done) => {
      const seen = [];
      new MutationObserver(() => {
        const button = document.querySelector('form button');
        const now = `${button.disabled ? '-' : '+'}${button.textContent}`;
        if (seen.at(-1) !== now) seen.push(now);
        if (seen.length > 3 && now === '+Sign in') done(seen);
      }).observe(document.querySelector('form'), { subtree: true, childList: true, characterData: true, attributes: true });
    }));
    await fillAndSend(page, { id: 'Wang ', password: PASSWORD });
    assert.deepEqual((await counted).filter((now) => /\d/.test(now)),
      ['-Try again in 3 seconds', '-Try again in 2 seconds', '-Try again in 1 second']);
    assert.equal(await page.getByRole('alert').textContent(), 'Too many tries: wait a little before the next');
    await page.click('form button');
    await page.getByRole('heading', { name: 'No alarms' }).waitFor();
  }));

test('the sound is on after a touch, is silenced for 120 s, and moves nothing in any of its states', () =>
  set.withPage({ lang: 'en', width: 320 }, async (page) => {
    const top = async (what) => Math.round((await page.locator(what).boundingBox()).y);
    const off = page.getByRole('button', { name: 'Sound is off' });
    await off.waitFor();
    const quiet = await top('main h1');
    await off.click();
    await page.getByText('The alarm sound is on').waitFor();
    assert.equal(await top('main h1'), quiet);
    await set.scene.press('care/bath/cord');
    await page.locator('.card').waitFor();
    const silence = page.getByRole('button', { name: 'Silence for 120 seconds' });
    await silence.waitFor();
    assert.equal(await top('main h1'), quiet);
    await silence.click();
    await page.getByText(/Silent, back in 1[12]\d seconds/).waitFor();
    assert.equal(await top('main h1'), quiet);
    await page.reload();
    await off.waitFor();
  }));

for (const [width, height] of [[320, 568], [390, 844]]) {
  test(`on a phone of ${width} px the header is one row, and what silences never scrolls away`, () =>
    set.withPage({ lang: 'en', width, height }, async (page) => {
      await page.getByRole('button', { name: 'Sound is off' }).click();
      await set.scene.press('care/bath/cord');
      const silence = page.getByRole('button', { name: 'Silence for 120 seconds' });
      await silence.waitFor();
      const header = await page.locator('header.top').boundingBox();
      assert.ok(header.height <= 64, `${header.height} px`);
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      await until(() => page.evaluate(() => scrollY > innerHeight / 4), 'the page to be scrolled');
      const isHit = await silence.evaluate((button) => {
        const { x, y, width: w, height: h, bottom } = button.getBoundingClientRect();
        return bottom <= 130 && button.contains(document.elementFromPoint(x + w / 2, y + h / 2));
      });
      assert.ok(isHit, 'the button is where a finger reaches it');
      await shoot(page, `phone-scrolled-${width}`);
      // The pages are behind a button; opening one of them leaves nothing open.
      await page.getByRole('button', { name: 'Pages' }).click();
      await page.getByRole('link', { name: 'Event log' }).waitFor();
      await page.getByRole('button', { name: 'More' }).click();
      await shoot(page, `phone-pages-${width}`);
      assert.deepEqual(await violations(page), []);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
      // Escape closes what was opened last, and no more than that.
      await page.keyboard.press('Escape');
      await page.getByRole('link', { name: 'Security desk' }).waitFor({ state: 'hidden' });
      await page.getByRole('link', { name: 'Event log' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('link', { name: 'Event log' }).waitFor({ state: 'hidden' });
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'More' }).click();
      await page.getByRole('link', { name: 'Security desk' }).click();
      await page.getByRole('heading', { name: 'Security desk' }).waitFor();
      assert.equal(await page.getByRole('link', { name: 'Event log' }).isVisible(), false);
      await silence.click();
      await page.getByText(/Silent, back in/).waitFor();
    }));
}
