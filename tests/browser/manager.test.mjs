// SPDX-License-Identifier: Apache-2.0
// The manager's page: people and alarms in numbers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot } from './browser.mjs';
import { SECOND, until } from './scene.mjs';
import { stage } from './stage.mjs';

const MANAGER = { as: 'sun', width: 1366, height: 768 };
const BUTTON = 'care/day-care/button-1';

const set = stage();
const people = (page, id) => page.locator(`[data-place="${id}"]`);

for (const [lang, words] of [
  ['zh-CN', { desk: '18 人，限 60 人', room: '45 人，限 40 人', over: '超员 5 人', none: '无数据' }],
  ['en', { desk: '18 of 60', room: '45 of 40', over: '5 too many', none: 'No data' }],
]) {
  test(`people are counted against the limit of the place, and a counter that is lost counts nobody (${lang})`, () =>
    set.withPage({ ...MANAGER, lang }, async (page) => {
      await set.scene.say('mqtt field/desk/people {"count": 18}');
      await people(page, 'hall/desk').getByText(words.desk).waitFor();
      await set.scene.say('set sport/room/in 52');
      await set.scene.say('set sport/room/out 7');
      await people(page, 'sport/room').getByText(words.room).waitFor();
      await people(page, 'sport/room').getByText(words.over).waitFor();
      await shoot(page, `manager-people-${lang}`);
      await set.scene.say('device sport-io down');
      await people(page, 'sport/room').getByText(words.none).waitFor();
      await set.scene.say('device sport-io up');
      await people(page, 'sport/room').getByText(words.room).waitFor();
    }));
}

test('the numbers of alarms are those of the gateway', () =>
  set.withPage({ ...MANAGER, lang: 'en' }, async (page) => {
    const raised = () => set.scene.events().filter((event) => event.type === 'tocsin.alarm.raised');
    const cells = () => page.locator('[data-priority=emergency] td').allInnerTexts();
    await page.locator('[data-priority=emergency] td').first().waitFor();
    await set.scene.press(BUTTON);
    const emergencies = () => raised().filter((event) => event.data.priority === 'emergency').length;
    await until(async () => (await cells()).join() === `1,1,${emergencies()}` && emergencies() > 0, 'one that nobody answers');
    set.scene.cli('ack', `emergency_call/${BUTTON}`, '--by', 'wang', '--role', 'caregiver');
    await until(async () => (await cells()).join() === `1,0,${emergencies()}`, 'one that somebody answers');
    const calls = raised().filter((event) => event.data.class === 'call.emergency').length;
    assert.equal(await page.locator('[data-class="call.emergency"] td').innerText(), String(calls));
    await set.scene.calm();
    await until(async () => (await cells()).join() === `0,0,${emergencies()}`, 'none');
    const real = emergencies();
    const as = ['--by', 'test', '--role', 'engineer'];
    set.scene.cli('test', 'begin', 'care/dining', '--minutes', '60', '--reason', 'works', ...as, ...SECOND);
    try {
      await set.scene.press('care/dining/button');
      await until(async () => (await page.title()).startsWith('(1)'), 'what the test raises');
      assert.equal((await cells()).join(), `0,0,${real}`, 'what a test raises is no emergency');
    } finally {
      await set.scene.release('care/dining/button');
      set.scene.cli('test', 'end', 'care/dining', ...as);
    }
    await set.scene.calm();
  }));
