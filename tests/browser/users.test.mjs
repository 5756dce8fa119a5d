// SPDX-License-Identifier: Apache-2.0
// From the first start on: the gateway is claimed, people get in, lose their way in, and a screen hangs on the wall.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot, violations } from './browser.mjs';
import { PASSWORD, until } from './scene.mjs';
import { stage } from './stage.mjs';

const OTHER = 'another good one';

const set = stage({ hasPeople: false });

async function fillAndSend(form, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const entry = form.locator(`[name=${name}]`);
    await (name === 'role' ? entry.selectOption(value) : entry.fill(value));
  }
  await form.locator('button.primary').click();
}

const openFromAccount = async (page, name) => {
  await page.locator('.account summary').click();
  await page.getByRole('link', { name }).click();
  await page.getByRole('heading', { name }).waitFor();
};

test('at the first start the code of the log makes the first user, and no other does', () =>
  set.withPage({ as: null }, async (page) => {
    const code = /event=console_claim code=(\S+)/.exec(set.scene.gateway.text())[1];
    await page.getByRole('heading', { name: '认领' }).waitFor();
    const form = page.locator('form');
    await fillAndSend(form, { code: 'AAAA-BBBB-CCCC', id: 'zhao', name: '赵工', password: PASSWORD });
    await page.getByRole('alert').getByText(/\p{Script=Han}{4}/u).waitFor();
    assert.deepEqual(await violations(page), []);
    await shoot(page, 'claim-zh-CN');
    await fillAndSend(form, { code, id: 'zhao', name: '赵工', password: PASSWORD });
    await page.locator('.account').getByText('赵工').waitFor();
    await page.getByRole('heading', { name: '工程师视图' }).waitFor();
  }));

test('an engineer adds a caregiver, who signs in, is made another and is then removed, each time signed out at once', () =>
  set.withPage({ as: 'zhao', lang: 'en', width: 1280 }, async (page) => {
    await openFromAccount(page, 'Users');
    const adding = page.locator('section.sign form');
    await fillAndSend(adding, { id: 'wang', name: '王敏', role: 'caregiver', password: 'short' });
    await adding.getByRole('alert').getByText(/10/).waitFor();
    await fillAndSend(adding, { id: 'wang', name: '王敏', role: 'caregiver', password: PASSWORD });
    const wang = page.locator('[data-user=wang]');
    await wang.getByText('caregiver').first().waitFor();

    await set.withPage({ as: 'wang', lang: 'en' }, async (phone) => {
      await phone.getByRole('heading', { name: 'No alarms' }).waitFor();
      await phone.locator('.account summary').click();
      assert.equal(await phone.getByRole('link', { name: 'Users' }).count(), 0);
      // Where she is signed in, and the key for her commands, which is shown this once.
      await wang.locator('summary').click();
      await wang.locator('.sessions li').getByText('127.0.0.1').waitFor();
      assert.match(await wang.locator('.sessions li').innerText(), /Linux · Chrome[^]*signed in .* ago, used .* ago/);
      await wang.locator('[data-action=make-key]').click();
      assert.match(await wang.locator('.key code').innerText(), /^[0-9a-f]{64}$/);
      await shoot(page, 'users-en');
      assert.deepEqual(await violations(page), []);
      await wang.locator('[data-action=end-key]').click();
      await wang.getByText('The key has ended').waitFor();
      assert.equal(await wang.locator('.key code').count(), 0);
      await wang.locator('[data-session]').click();
      await wang.getByText('Signed out on 1 device').waitFor();
      await wang.getByText('Nowhere').waitFor();
      await phone.getByRole('heading', { name: 'Sign in' }).waitFor();
      await fillAndSend(phone.locator('form'), { id: 'Wang ', password: PASSWORD });
      await phone.getByRole('heading', { name: 'No alarms' }).waitFor();
      await fillAndSend(wang.locator('form'), { role: 'security' });
      await page.locator('[data-user=wang] summary').getByText('security').waitFor();
      await wang.getByText('The change is saved').waitFor();
      await phone.getByRole('heading', { name: 'Sign in' }).waitFor();
    });

    set.signedIn.delete('wang');
    await set.withPage({ as: 'wang', lang: 'en' }, async (phone) => {
      await phone.getByRole('heading', { name: 'No alarms' }).waitFor();
      await wang.locator('[data-action=remove]').click();
      await wang.locator('[data-action=remove-for-good]').click();
      await wang.waitFor({ state: 'detached' });
      await phone.getByRole('heading', { name: 'Sign in' }).waitFor();
    });

    // Somebody has to stay who can let others in.
    const own = page.locator('[data-user=zhao]');
    await own.locator('summary').click();
    await own.locator('[data-action=remove]').click();
    await own.locator('[data-action=remove-for-good]').click();
    await own.locator('> .problem:not([hidden])').waitFor();
  }));

test('a screen on the wall comes in by its address alone, looks and cannot act, and is gone when it is removed', () =>
  set.withPage({ as: 'zhao', lang: 'en', path: '/users' }, async (page) => {
    await fillAndSend(page.locator('section.sign form'), { id: 'wall-1', name: 'Hall', role: 'wall' });
    const address = await page.locator('code').innerText();
    assert.ok(address.startsWith(`${set.scene.url}/#screen=`), address);
    await set.withPage({ as: null, lang: 'en', path: address.slice(set.scene.url.length), width: 1920, height: 1080 }, async (wall) => {
      await wall.getByRole('heading', { name: 'No alarms' }).waitFor();
      assert.equal(new URL(wall.url()).hash, '');
      await set.scene.press('care/bath/cord');
      await wall.locator('[data-alarm]').waitFor();
      assert.equal(await wall.locator('.actions').count(), 0);
      await shoot(wall, 'wall-en');
      // It needs no hand after a restart either.
      await wall.reload();
      await wall.locator('[data-alarm]').waitFor();
      await page.locator('[data-user=wall-1] summary').click();
      await page.locator('[data-user=wall-1] [data-action=remove]').click();
      await page.locator('[data-user=wall-1] [data-action=remove-for-good]').click();
      await wall.getByRole('heading', { name: 'Sign in' }).waitFor();
    });
  }));

test('with another password the other places are signed out, and this one is not', () =>
  set.withPage({ as: 'zhao', lang: 'en' }, async (page) => {
    set.signedIn.delete('zhao');
    await set.withPage({ as: 'zhao', lang: 'en', path: '/rooms' }, async (elsewhere) => {
      await elsewhere.getByRole('heading', { name: 'No alarms' }).waitFor();
      await openFromAccount(page, 'My password');
      const form = page.locator('main form');
      await fillAndSend(form, { old: 'not this one', new: OTHER });
      await form.getByRole('alert').waitFor();
      await fillAndSend(form, { old: PASSWORD, new: OTHER });
      await page.getByText('The password is changed').waitFor();
      await elsewhere.getByRole('heading', { name: 'Sign in' }).waitFor();
      assert.equal(await page.locator('.account').count(), 1);
      await fillAndSend(elsewhere.locator('form'), { id: 'zhao', password: OTHER });
      await until(() => elsewhere.locator('.account').count(), 'to be signed in again');
    });
  }));
