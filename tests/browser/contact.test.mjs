// SPDX-License-Identifier: Apache-2.0
// A page that has lost its contact says so, and comes back by itself. And the two ways in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage, shoot, signIn } from './browser.mjs';
import { serveConsole } from './console.mjs';
import { Scene, until } from './scene.mjs';

const BUTTON = 'care/bath/cord';

let scene;
let site;
let browser;

before(async () => {
  scene = await new Scene().start();
  site = await serveConsole(scene.socket);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await site?.close();
  await scene?.close();
});

const icon = (page) => page.locator('link[rel=icon]').getAttribute('href');

for (const [worker, init] of [
  ['a shared worker', ''],
  ['no shared worker', 'delete window.SharedWorker;'],
]) {
  test(`a gateway that is gone covers the page, and one that is back uncovers it (${worker})`, async () => {
    const { context, page, complaints } = await openPage(browser, { lang: 'en', width: 1280, height: 800 });
    await context.addInitScript(init);
    await signIn(page, site.url);
    await page.evaluate(() => (window.sameDocument = true));
    await page.waitForSelector('.calm li');
    assert.equal(await page.locator('.curtain').count(), 0);
    await scene.stopGateway();
    await page.getByRole('alertdialog', { name: 'No contact' }).waitFor();
    assert.match(await page.locator('.curtain').innerText(), /Since \d\d:\d\d:\d\d, for \d+ sec/);
    assert.equal(await icon(page), '/favicon-lost.svg');
    assert.match(await page.title(), /No contact/);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.curtain').isVisible(), true);
    await shoot(page, `curtain-en-${worker.replaceAll(' ', '-')}`);

    await scene.startGateway();
    await page.locator('.curtain').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => window.sameDocument), true);
    await until(async () => (await icon(page)) !== '/favicon-lost.svg', 'the icon to be another again');
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('a line that goes dead without an end covers the page too', async () => {
  const { context, page } = await openPage(browser, { lang: 'zh-CN' });
  await signIn(page, site.url);
  await page.waitForSelector('.calm li');
  scene.gateway.child.kill('SIGSTOP');
  const pids = scene.children();
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await page.getByRole('alertdialog', { name: '失去联系' }).waitFor();
    await shoot(page, 'curtain-zh-CN');
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    scene.gateway.child.kill('SIGCONT');
  }
  await page.locator('.curtain').waitFor({ state: 'detached' });
  await context.close();
});

test('an alarm that came while the line was cut is there when it is back', async () => {
  const { context, page } = await openPage(browser, { lang: 'en' });
  await signIn(page, site.url);
  await page.waitForSelector('.calm li');
  await site.close();
  await scene.say(`set ${BUTTON} 1`);
  await until(() => String(scene.tryCli('alarms', '--json') || '').includes(BUTTON), 'the alarm');
  site = await serveConsole(scene.socket, { port: Number(new URL(site.url).port) });
  await page.locator(`[data-alarm$="${BUTTON}"]`).waitFor();
  await scene.say(`set ${BUTTON} 0`);
  await context.close();
});

test('the sound is on after a touch, is silenced for 120 s, and an alarm has it', async () => {
  const { context, page } = await openPage(browser, { lang: 'en' });
  await signIn(page, site.url);
  await scene.say(`set ${BUTTON} 1`);
  await page.getByRole('button', { name: 'Silence for 120 seconds' }).click();
  await page.getByText(/Silenced, back in 1[12]\d seconds/).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Sound is off' }).waitFor();
  await scene.say(`set ${BUTTON} 0`);
  await context.close();
});

test('a wrong password is said in words; the language is chosen on the first screen and kept', async () => {
  const { context, page } = await openPage(browser, { lang: 'zh-CN' });
  await page.goto(site.url);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByText('never replaces it').waitFor();
  await page.fill('input[name=id]', 'wang');
  await page.fill('input[name=password]', 'wrong');
  await page.click('form button');
  await page.getByRole('alert').getByText('password is wrong').waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await signIn(page, site.url);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await context.close();
});

test('at the first start the gateway is claimed', async () => {
  const fresh = await serveConsole(scene.socket, { claimed: false });
  const { context, page } = await openPage(browser, { lang: 'zh-CN' });
  await page.goto(fresh.url);
  await page.getByRole('heading', { name: '认领' }).waitFor();
  await page.fill('input[name=code]', 'WRONG');
  await page.fill('input[name=id]', 'zhao');
  await page.fill('input[name=name]', '赵工');
  await page.fill('input[name=password]', 'long enough');
  await page.click('form button');
  await page.getByRole('alert').getByText('认领码').waitFor();
  await shoot(page, 'claim-zh-CN');
  await page.fill('input[name=code]', 'AAAA-BBBB-CCCC');
  await page.click('form button');
  await page.getByText('赵工').waitFor();
  await context.close();
  await fresh.close();
});
