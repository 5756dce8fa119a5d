// SPDX-License-Identifier: Apache-2.0
// The caregiver's story from the call to its end, on a phone, in both languages, against a real gateway.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage, shoot, signIn } from './browser.mjs';
import { serveConsole } from './console.mjs';
import { Scene, until } from './scene.mjs';

const BUTTON = 'care/day-care/button-1';
const ALARM = `emergency_call/${BUTTON}`;
const CARD = `[data-alarm="${ALARM}"]`;

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

const alarm = () => {
  const rows = String(scene.tryCli('alarms', '--json') || '').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return rows.find((row) => row.alarm === ALARM && row.state.open);
};
const call = () => scene.say(`set ${BUTTON} 1`);
const release = () => scene.say(`set ${BUTTON} 0`);

async function endByCommandLine() {
  await release();
  scene.tryCli('ack', ALARM, '--by', 'test', '--role', 'caregiver');
  scene.tryCli('attend', ALARM, '--by', 'test', '--role', 'caregiver');
  await until(() => alarm() === undefined || scene.tryCli('reset', ALARM, '--by', 'test', '--role', 'caregiver'), 'its end');
  await until(() => alarm() === undefined, 'no alarm');
}

for (const [lang, words] of [
  ['zh-CN', { room: '日间照料室', nobody: '还没有人去', going: 'wang 正在前往', there: 'wang 已到场', calm: '没有告警', do: '立即到场' }],
  ['en', { room: 'Day-care room', nobody: 'Nobody is going yet', going: 'wang is going', there: 'wang is there', calm: 'No alarms', do: 'Go there at once' }],
]) {
  test(`a caregiver answers a call from its coming to its end (${lang})`, async () => {
    const { context, page, complaints } = await openPage(browser, { lang });
    await signIn(page, site.url);
    await page.getByRole('heading', { name: words.calm }).waitFor();
    await shoot(page, `story-0-calm-${lang}`);

    await call();
    const card = page.locator(CARD);
    await card.waitFor();
    await release();
    assert.match(await card.innerText(), new RegExp(words.room));
    assert.match(await card.innerText(), new RegExp(words.nobody));
    assert.match(await card.innerText(), new RegExp(words.do));
    await until(async () => (await page.title()).startsWith('(1)'), 'the number of alarms in the title');
    await shoot(page, `story-1-call-${lang}`);

    // A touch in passing does nothing; the second one within seconds does.
    const going = card.locator('[data-action=going]');
    await going.click();
    assert.equal(alarm().state.acked, false);
    await going.click();
    await card.getByText(words.going).waitFor();
    assert.equal(alarm().state.acked, true);
    await shoot(page, `story-2-going-${lang}`);

    await card.locator('[data-action=attend]').click();
    await card.getByText(words.there).waitFor();
    await card.locator('[data-action=close]').click();
    await shoot(page, `story-3-close-${lang}`);
    await card.locator('[data-disposition=misuse]').click();
    await card.waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: words.calm }).waitFor();
    assert.equal(alarm(), undefined);

    const events = scene.tryCli('events', '--json').split('\n').filter(Boolean).map((line) => JSON.parse(line));
    const done = events.filter((event) => event.data?.actor?.startsWith('wang')).map((event) => event.type);
    for (const type of ['acknowledged', 'attended', 'reset']) assert.ok(done.includes(`tocsin.alarm.${type}`), type);

    await page.goto(`${site.url}/alarm/${ALARM}`);
    await page.locator('.story li').nth(3).waitFor();
    await shoot(page, `story-4-story-${lang}`);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('a button that is held acknowledges without a second press', async () => {
  const { context, page } = await openPage(browser);
  await signIn(page, site.url);
  await call();
  const going = page.locator(`${CARD} [data-action=going]`);
  await going.hover();
  await page.mouse.down();
  await until(() => alarm()?.state.acked, 'the acknowledgement');
  await page.mouse.up();
  await endByCommandLine();
  await context.close();
});

test('by the keyboard alone: J to the card, A twice', async () => {
  const { context, page } = await openPage(browser, { width: 1280 });
  await signIn(page, site.url);
  await call();
  await page.locator(CARD).waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('a');
  await page.locator('.armed').waitFor();
  await page.keyboard.press('a');
  await until(() => alarm()?.state.acked, 'the acknowledgement');
  await endByCommandLine();
  await context.close();
});

test('what the server refuses is said in words, and the card stays as it is', async () => {
  const { context, page } = await openPage(browser);
  await signIn(page, site.url);
  await call();
  await page.locator(`${CARD} [data-action=going]`).dblclick();
  await release();
  // Nobody has been there: the rule of a call wants somebody to.
  await page.locator(`${CARD} [data-action=close]`).click();
  await page.locator(`${CARD} [data-disposition=genuine]`).click();
  await page.locator(`${CARD} .problem`).getByText(/\p{Script=Han}{4}/u).waitFor();
  assert.equal(alarm().state.open, true);
  await shoot(page, 'refused-zh-CN');
  await endByCommandLine();
  await context.close();
});

test('a second person sees who is going, and a false alarm gets its reason', async () => {
  const one = await openPage(browser, { lang: 'en' });
  const other = await openPage(browser, { lang: 'en' });
  await signIn(one.page, site.url);
  await call();
  await one.page.locator(`${CARD} [data-action=going]`).dblclick();
  await one.page.locator(CARD).getByText('wang is going').waitFor();
  await signIn(other.page, site.url, 'li');
  await other.page.locator(CARD).getByText('wang is going').waitFor();
  await other.page.locator(`${CARD} [data-action=false]`).click();
  await other.page.locator(`${CARD} [data-disposition=equipment]`).click();
  await one.page.locator(CARD).getByText('Was: Equipment fault').waitFor();
  assert.equal(alarm().disposition, 'equipment');
  await endByCommandLine();
  await one.context.close();
  await other.context.close();
});

test('an auditor looks and has no buttons', async () => {
  const { context, page } = await openPage(browser, { lang: 'en' });
  await signIn(page, site.url, 'audit');
  await call();
  await page.locator(CARD).waitFor();
  assert.equal(await page.locator(`${CARD} .actions`).count(), 0);
  await endByCommandLine();
  await context.close();
});

test('a browser whose clock is an hour wrong shows the right age', async () => {
  for (const hours of [-1, 1]) {
    const { context, page } = await openPage(browser, { lang: 'en' });
    await context.addInitScript(`{ const now = Date.now; Date.now = () => now() + ${hours} * 3600e3; }`);
    await signIn(page, site.url);
    await call();
    await page.locator(`${CARD} .since`).getByText(/for \d+ sec/).waitFor();
    await endByCommandLine();
    await context.close();
  }
});

test('a room with something shelved is not shown as normal', async () => {
  const { context, page } = await openPage(browser, { lang: 'en' });
  await signIn(page, site.url);
  const calm = page.locator('.calm').last().getByText('Main gate');
  await calm.waitFor();
  const rows = String(scene.tryCli('alarms', '--json', '--all')).split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const held = rows.find((row) => row.class === 'door.held' && row.place === 'hall/gate').alarm;
  assert.ok(scene.tryCli('shelve', held, '--minutes', '5', '--reason', 'works', '--by', 'test', '--role', 'security'));
  await page.locator(`[data-aside="${held}"]`).getByText('shelved').waitFor();
  await calm.waitFor({ state: 'detached' });
  await shoot(page, 'shelved-en');
  assert.ok(scene.tryCli('unshelve', held, '--by', 'test', '--role', 'security'));
  await calm.waitFor();
  await context.close();
});

test('the event log is filtered by kind, place and words', async () => {
  const { context, page } = await openPage(browser, { lang: 'en', width: 1280 });
  await signIn(page, site.url);
  await call();
  await page.locator(CARD).waitFor();
  await endByCommandLine();
  await page.click('a[href="/events"]');
  await page.locator('.events').getByText('Alarm raised').first().waitFor();
  await page.getByLabel('Contains').fill('acknowledged');
  await until(async () => !(await page.locator('.events tbody').innerText()).includes('Alarm raised'), 'the words to filter');
  await page.getByLabel('Contains').fill('');
  await page.getByLabel('Place').selectOption('sport');
  await page.getByText('No event fits.').waitFor();
  await page.getByLabel('Place').selectOption('care');
  await page.getByLabel('Kind').selectOption('activity');
  await page.getByText('No event fits.').waitFor();
  await context.close();
});
