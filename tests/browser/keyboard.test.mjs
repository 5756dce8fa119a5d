// SPDX-License-Identifier: Apache-2.0
// No mouse and no touch: everything from signing in to signing out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, until } from './scene.mjs';
import { stage } from './stage.mjs';

const BUTTON = 'care/day-care/button-1';
const set = stage();
const alarm = () => set.scene.alarms().find((row) => row.alarm === `emergency_call/${BUTTON}`);

test('a whole call by the keyboard alone: sign in, answer, attend, close, read the log, sign out', () =>
  set.withPage({ as: null, lang: 'en', width: 1280, height: 800 }, async (page) => {
    const { keyboard } = page;
    /** Go on by Tab to what is named so. */
    const tabTo = async (name) => {
      const seen = [];
      for (let steps = 0; steps < 40; steps++) {
        await keyboard.press('Tab');
        const here = await page.evaluate(() => {
          const at = document.activeElement;
          return (at?.getAttribute('name') ?? at?.innerText ?? '').trim();
        });
        if (here.startsWith(name)) return;
        seen.push(here);
      }
      throw new Error(`Tab does not lead to "${name}" but to ${JSON.stringify(seen)}`);
    };
    await tabTo('id');
    await keyboard.type('wang');
    await tabTo('password');
    await keyboard.type(PASSWORD);
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'No alarms' }).waitFor();

    await set.scene.press(BUTTON);
    await page.locator('.card').waitFor();
    await set.scene.release(BUTTON);
    await keyboard.press('j');
    await keyboard.press('a');
    await page.locator('.armed').waitFor();
    await keyboard.press('a');
    await until(() => alarm()?.state.acked, 'the acknowledgement');
    await page.getByText('王敏 is going').waitFor();
    await tabTo('I am there');
    await keyboard.press('Enter');
    await page.getByText('王敏 is there').waitFor();
    await tabTo('Close the alarm');
    await keyboard.press('Enter');
    await tabTo('Genuine');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'No alarms' }).waitFor();

    await tabTo('Event log');
    await keyboard.press('Enter');
    await page.locator('.events').getByText('Closed').waitFor();
    await tabTo('王敏');
    await keyboard.press('Enter');
    await tabTo('Sign out');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  }));

for (const isPhone of [false, true]) {
  test(`the keys are ${isPhone ? 'not said on a phone' : 'said where there is a keyboard'}`, () =>
    set.withPage({ isPhone }, async (page) => {
      await page.locator('.keys').waitFor({ state: isPhone ? 'hidden' : 'visible' });
      assert.equal(await page.locator('.keys').count(), 1);
    }));
}
