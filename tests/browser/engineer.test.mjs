// SPDX-License-Identifier: Apache-2.0
// The engineer's pages, against the real gateway and its field.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, shoot, violations } from './browser.mjs';
import { PASSWORD, until } from './scene.mjs';
import { stage } from './stage.mjs';

const ENGINEER = { as: 'zhao', lang: 'en', width: 1366, height: 768 };
const CO2 = 'care/day-care/co2';

const set = stage();
const point = (page, id) => page.locator(`[data-point="${id}"]`);

test('points are live with value, unit, quality and age, and are filtered by place and by words', () =>
  set.withPage(ENGINEER, async (page) => {
    await set.scene.say(`set ${CO2} 812`);
    await point(page, CO2).getByText('812 ppm').waitFor();
    await set.scene.say(`set ${CO2} 913`);
    await point(page, CO2).getByText('913 ppm').waitFor();
    assert.match(await point(page, CO2).innerText(), /good\s+\d+ sec/);
    await page.getByLabel('Place').selectOption('sport');
    await point(page, CO2).waitFor({ state: 'detached' });
    await page.getByLabel('Contains').fill('room/door');
    await page.getByText('1 point', { exact: true }).waitFor();
    await set.scene.say('device sport-io down');
    await point(page, 'sport/room/door').getByText('stale').waitFor();
    await shoot(page, 'points-stale-en');
    await set.scene.say('device sport-io up');
    await point(page, 'sport/room/door').getByText('good').waitFor();
  }));

test('a device stands below its bus, which counts what is asked and why it was not answered', () =>
  set.withPage({ ...ENGINEER, path: '/engineer/devices' }, async (page) => {
    const device = page.locator('[data-device="sport-io"]');
    const bus = page.locator('.bus', { has: device });
    await device.getByText('answering').waitFor();
    await bus.getByText(/[1-9]\d* requests, [1-9]\d* answered/).waitFor();
    await set.scene.say('device sport-io exception');
    await bus.getByText(/Failures: .*refused [1-9]/).waitFor();
    await device.getByText(/lost for \d+/).waitFor();
    await device.locator('summary').click();
    await device.locator('[data-point="sport/court/motion"]').getByText('fault').waitFor();
    await shoot(page, 'devices-lost-en');
    await set.scene.say('device sport-io up');
    await device.getByText('answering').waitFor();
  }));

for (const [lang, words] of [
  ['zh-CN', { one: '1 项为真', truth: '真', unknown: '2 项未知', why: /所用测点不可用：sport\/court\/button.*设备离线/ }],
  ['en', { one: '1 true', truth: 'true', unknown: '2 unknown', why: /sensors that it reads are of no use: sport\/court\/button \(its device is lost\)/ }],
]) {
  test(`a rule says for what it is true, and why it is unknown elsewhere (${lang})`, () =>
    set.withPage({ ...ENGINEER, lang, path: '/engineer/rules' }, async (page) => {
      const rule = page.locator('[data-rule=emergency_call]');
      await rule.waitFor();
      await set.scene.press('care/club/button');
      await rule.getByText(words.one).waitFor();
      await page.locator('[data-instance="emergency_call/care/club/button"]').getByText(words.truth, { exact: true }).waitFor();
      await set.scene.say('device sport-io down');
      await page.locator('[data-instance="emergency_call/sport/court/button"]').getByText(words.why).waitFor();
      await rule.getByText(words.unknown).waitFor();
      assert.doesNotMatch((await page.locator('.rule > .muted').allInnerTexts()).join(' '), /\{\w+\}/, 'no placeholder of a message is shown');
      await shoot(page, `rules-unknown-${lang}`);
      await set.scene.say('device sport-io up');
      await set.scene.release('care/club/button');
      await rule.getByText(words.unknown).waitFor({ state: 'detached' });
    }));
}

test('an alarm is shelved with a reason and comes back; what may not be shelved says so and has no button for it', () =>
  set.withPage({ ...ENGINEER, path: '/engineer/alarms' }, async (page) => {
    const row = (id) => page.locator(`[data-alarm-row="${id}"]`);
    const state = (id) => set.scene.alarms('--all').find((each) => each.alarm === id)?.state;
    const held = set.scene.alarms('--all').find((each) => each.class === 'door.held' && each.place === 'hall/gate').alarm;
    await row(held).locator('[data-action=shelve]').click();
    await row(held).getByLabel('Reason').fill('works at the gate');
    await row(held).locator('[data-action=send-shelve]').click();
    await row(held).getByText(/shelved until/).waitFor();
    assert.equal(state(held).shelved, true);
    const told = set.scene.events().find((event) => event.type === 'tocsin.alarm.shelved');
    assert.equal(told.data.reason, 'works at the gate');
    assert.match(told.data.actor, /赵工/);
    await shoot(page, 'shelved-by-engineer-en');
    await row(held).locator('[data-action=unshelve]').click();
    await row(held).getByText(/shelved until/).waitFor({ state: 'detached' });
    assert.equal(state(held).shelved, false);

    const call = 'emergency_call/care/day-care/button-1';
    await row(call).getByText('Never shelved').waitFor();
    assert.equal(await row(call).locator('[data-action=shelve]').count(), 0);
    assert.equal(await row(call).locator('[data-action=out-of-service]').count(), 1);
    await shoot(page, 'never-shelved-en');
  }));

test('what is taken out of service is out of service until it is put back', () =>
  set.withPage({ ...ENGINEER, path: '/engineer/alarms' }, async (page) => {
    const held = set.scene.alarms('--all').find((each) => each.class === 'door.held' && each.place === 'hall/gate').alarm;
    const row = page.locator(`[data-alarm-row="${held}"]`);
    await row.locator('[data-action=out-of-service]').click();
    await row.getByLabel('Reason').fill('new lock');
    await row.locator('[data-action=send-out-of-service]').click();
    await row.getByText(/out of service until/).waitFor();
    await row.locator('[data-action=in-service]').click();
    await row.getByText(/out of service until/).waitFor({ state: 'detached' });
  }));

const FIRE = 'fire_alarm/care/dining/smoke-1';

for (const [lang, words] of [
  ['zh-CN', { group: '第二人', id: '第二人的用户名', password: '第二人的密码', wanting: /请第二人在下面签名/, same: /签名的第二人不能是您本人/, wrong: /用户名或密码不正确/, out: /停用 至/ }],
  ['en', { group: 'Second person', id: 'User name of the second person', password: 'Password of the second person', wanting: /It takes two people.*the second one signs below/, same: /whoever signs below is another person than you/, wrong: /not the name and password/, out: /out of service until/ }],
]) {
  test(`a fire alarm is put out of service by two people who sign, with the keyboard alone (${lang})`, () =>
    set.withPage({ ...ENGINEER, lang, path: '/engineer/alarms' }, async (page) => {
      const row = page.locator(`[data-alarm-row="${FIRE}"]`);
      const isOut = () => set.scene.alarms('--all').find(({ alarm }) => alarm === FIRE).state.out_of_service;
      const cursorIn = (field) => until(() => field.evaluate((each) => each === document.activeElement), 'the cursor');
      const told = (what) => row.getByRole('alert').getByText(what).waitFor();
      await row.locator('[data-action=out-of-service]').focus();
      await page.keyboard.press('Enter');
      await cursorIn(row.locator('select'));
      assert.equal(await row.getByRole('group').count(), 0, 'nobody is asked for a second person before one is needed');
      await page.keyboard.press('Tab');
      await page.keyboard.type('painting');
      await page.keyboard.press('Enter');

      // The server has refused for want of a second person, who is asked for now.
      await told(words.wanting);
      const second = row.getByRole('group', { name: words.group, exact: true });
      await cursorIn(second.getByLabel(words.id));
      assert.deepEqual(await violations(page), []);
      await shoot(row, `second-person-${lang}`);
      await page.keyboard.type('zhao');
      await page.keyboard.press('Tab');
      await page.keyboard.type(PASSWORD);
      await page.keyboard.press('Enter');
      await until(() => second.getByLabel(words.password).inputValue().then((kept) => kept === ''), 'an engineer who signs twice to be refused');
      await told(words.same);
      await cursorIn(second.getByLabel(words.id));

      await page.keyboard.press('Control+A');
      await page.keyboard.type('li');
      await page.keyboard.press('Tab');
      await page.keyboard.type('not his at all');
      await page.keyboard.press('Enter');
      await told(words.wrong);
      await cursorIn(second.getByLabel(words.password));
      assert.equal(await second.getByLabel(words.password).inputValue(), '');
      assert.equal(isOut(), false);
      assert.deepEqual(await violations(page), []);

      await page.keyboard.type(PASSWORD);
      await page.keyboard.press('Enter');
      await row.getByText(words.out).waitFor();
      await cursorIn(row);
      assert.equal(isOut(), true);
      const { data } = set.scene.events().findLast(({ type }) => type === 'tocsin.alarm.out_of_service');
      assert.match(`${data.actor}, ${JSON.stringify(data)}`, /赵工 \(engineer\).*李强 \(security\)/);
      assert.equal(data.reason, 'painting');
      await row.locator('[data-action=in-service]').click();
      await row.getByText(words.out).waitFor({ state: 'detached' });
    }));
}

test("a point's last 24 hours are drawn, and said in words", () =>
  set.withPage({ ...ENGINEER, path: '/engineer' }, async (page) => {
    await point(page, 'care/day-care/temperature').getByRole('link').click();
    await page.getByRole('heading', { name: 'care/day-care/temperature' }).waitFor();
    await page.getByRole('img', { name: 'care/day-care/temperature in the last 24 hours' }).locator('canvas').waitFor();
    await page.getByText(/Least [\d.]+ °C · Mean [\d.]+ °C · Most [\d.]+ °C · \d+ changes? · known for/).waitFor();
    const inked = await page.locator('.chart canvas').evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value, index) => index % 4 === 3 && value > 0);
    });
    assert.equal(inked, true);
    const text = () => page.locator('.chart canvas').evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let most = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) most = Math.max(most, data[at]);
      return most;
    });
    const light = await text();
    await page.emulateMedia({ colorScheme: 'dark' });
    await until(async () => (await text()) > light + 50, 'the chart to be drawn for the dark theme');
    await page.emulateMedia({ colorScheme: 'light' });
    await shoot(page, 'point-day-en');
  }));

test('who is no engineer sees the same, and an auditor has no buttons', () =>
  set.withPage({ ...ENGINEER, as: 'audit', path: '/engineer/alarms' }, async (page) => {
    await page.locator('[data-alarm-row]').first().waitFor();
    assert.equal(await page.locator('[data-action]').count(), 0);
  }));

test('what is fetched when a page is opened is not fetched before', () =>
  set.withPage({ ...ENGINEER, as: 'wang' }, async (page) => {
    await page.getByRole('heading', { name: 'No alarms' }).waitFor();
    const fetched = () => page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => /\/assets\/(page|chart)/.test(name)));
    assert.deepEqual(await fetched(), []);
    await openPage(page, 'Engineer');
    await point(page, CO2).waitFor();
    await until(async () => (await fetched()).length > 0, 'the page to be fetched');
    assert.ok(!(await fetched()).some((name) => name.includes('chart')));
  }));
