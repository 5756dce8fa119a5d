// SPDX-License-Identifier: Apache-2.0
// The security desk.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, shoot, textsOf, violations } from './browser.mjs';
import { PASSWORD, SECOND, until } from './scene.mjs';
import { stage } from './stage.mjs';

const DESK = { as: 'li', lang: 'en', width: 1366, height: 768 };

const set = stage();
const { press, release } = { press: (point) => set.scene.press(point), release: (point) => set.scene.release(point) };
const alarm = (id) => set.scene.alarms().find((row) => row.alarm === id);
const place = (page, id) => page.locator(`[data-place="${id}"]`);
const row = (page, id) => page.locator(`[data-alarm="${id}"]`);
const CALL = 'emergency_call/care/day-care/button-1';

test('each role begins with its own page, has in the menu what it works with, and finds the others behind it', async () => {
  for (const [as, heading, menu] of [
    ['wang', 'No alarms', ['My rooms', 'Event log', 'Shift handover']],
    ['li', 'Security desk', ['Security desk', 'Event log', 'Shift handover']],
    ['sun', 'Manager', ['Manager', 'Security desk', 'Event log', 'Shift handover']],
    ['zhao', 'Engineer', ['Engineer', 'Security desk', 'Event log']],
    ['audit', 'Event log', ['Event log', 'Audit', 'Shift handover']],
  ]) {
    await set.withPage({ ...DESK, as }, async (page) => {
      await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
      const links = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
      assert.deepEqual(await links.allTextContents(), menu);
      await page.getByRole('button', { name: 'More' }).click();
      const isOnce = new Set(await links.allTextContents()).size === (await links.count());
      assert.ok(isOnce && (await links.count()) >= 6, 'the others, each once');
      await page.keyboard.press('Escape');
      assert.deepEqual(await links.allTextContents(), menu);
      await page.keyboard.press('Enter');
      assert.ok((await links.count()) >= 6, 'the button has kept the cursor');
      await page.keyboard.press('Escape');
      await openPage(page, 'My rooms');
      await page.getByRole('heading', { name: 'No alarms', level: 1 }).waitFor();
      await page.goBack();
      await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
    });
  }
});

for (const [lang, words] of [
  ['zh-CN', { room: '日间照料室', word: '紧急', age: /\d+秒/, going: '李强 正在前往', over: '信号已消失', none: '没有告警' }],
  ['en', { room: 'Day-care room', word: 'Emergency', age: /\d+ sec/, going: '李强 is going', over: 'signal gone', none: 'No alarms' }],
]) {
  test(`an alarm is on the plan and in the list, and J, A, A answers it (${lang})`, () =>
    set.withPage({ ...DESK, lang }, async (page) => {
      await page.getByRole('heading', { name: words.none }).waitFor();
      const room = place(page, 'care/day-care');
      const grey = await room.locator('.block-fill').evaluate((fill) => getComputedStyle(fill).fill);
      await press('care/day-care/button-1');
      await row(page, CALL).waitFor();
      assert.equal(await row(page, CALL).getByText(words.over).count(), 0);
      await release('care/day-care/button-1');
      await row(page, CALL).getByText(words.over).waitFor();
      const said = await room.locator('text').allTextContents();
      assert.match(said.join(' '), new RegExp(`${words.room} ${words.word} ${words.age.source}`));
      assert.equal(await room.locator('.shape-emergency').count(), 1);
      assert.notEqual(await room.locator('.block-fill').evaluate((fill) => getComputedStyle(fill).fill), grey);
      assert.equal(await place(page, 'care/club').locator('.shape').count(), 0);

      await page.keyboard.press('j');
      await page.keyboard.press('a');
      await page.locator('.armed').waitFor();
      assert.equal(alarm(CALL).state.acked, false);
      await page.keyboard.press('a');
      await until(() => alarm(CALL)?.state.acked, 'the acknowledgement');
      await row(page, CALL).getByText(words.going).waitFor();
      await room.locator('.block-inside').waitFor();
      await shoot(page, `desk-answered-${lang}`);
    }));
}

test('a key that is held, by a book that lies on it, acknowledges nothing', () =>
  set.withPage({ ...DESK, lang: 'en' }, async (page) => {
    for (const point of ['care/day-care/button-1', 'care/club/button']) await press(point);
    await row(page, 'emergency_call/care/club/button').waitFor();
    await page.keyboard.press('j');
    for (let times = 0; times < 30; times++) await page.keyboard.down('a');
    await page.keyboard.up('a');
    await page.locator('.armed').waitFor();
    assert.deepEqual([CALL, 'emergency_call/care/club/button'].map((id) => alarm(id).state.acked), [false, false]);
  }));

test('keys in a form choose and write there, and answer no alarm', () =>
  set.withPage({ ...DESK, lang: 'en' }, async (page) => {
    await press('care/day-care/button-1');
    await row(page, CALL).waitFor();
    await page.locator('[data-action=tests]').click();
    for (const field of ['select[name=place]', 'input[name=reason]', 'button']) {
      const at = page.locator(`.test-form ${field}`).first();
      await at.focus();
      for (const key of ['a', 'a', 'j', 'k']) await page.keyboard.press(key);
      assert.equal(await page.locator('.armed').count(), 0, field);
      assert.ok(await at.evaluate((each) => each === document.activeElement), `the cursor stays in ${field}`);
    }
    assert.equal(alarm(CALL).state.acked, false);
  }));

for (const [lang, word] of [['zh-CN', '测试'], ['en', 'Test']]) {
  test(`an alarm of a room under test says that it is a test, in the list and on the plan of desk and wall (${lang})`, async () => {
    const as = ['--by', 'test', '--role', 'engineer'];
    set.scene.cli('test', 'begin', 'care/dining', '--minutes', '60', '--reason', 'works', ...as, ...SECOND);
    try {
      await press('care/dining/button');
      const wall = { as: 'wall', lang, width: 1920, height: 1080 };
      for (const screen of [{ ...DESK, lang }, wall]) {
        await set.withPage(screen, async (page) => {
          await row(page, 'emergency_call/care/dining/button').locator('.badge-test').getByText(word, { exact: true }).waitFor();
          await place(page, 'care/dining').locator('.block-status').getByText(new RegExp(`^${word}`)).waitFor();
          assert.equal(await place(page, 'care/dining').locator('.shape-emergency').count(), 1);
          assert.equal(await page.locator('.unacked').count(), 0);
          await shoot(page, `${screen.as}-test-${lang}`);
        });
      }
    } finally {
      await set.scene.calm();
      set.scene.cli('test', 'end', 'care/dining', ...as);
    }
  });
}

test('a place is put under test from the desk by two people; what stood before is marked, and the list says until when', () =>
  set.withPage({ ...DESK, lang: 'en' }, async (page) => {
    const earlier = 'emergency_call/care/dining/button';
    await press('care/dining/button');
    await row(page, earlier).waitFor();
    await page.locator('[data-action=tests]').click();
    await page.getByText('Nobody is called from a place under test').waitFor();
    await page.locator('.test-form select[name=place]').selectOption('care/dining');
    await page.locator('.test-form input[name=reason]').fill('works');
    const send = page.locator('[data-action=send-test-begin]');
    await send.click();
    await page.getByRole('alert').getByText('two people in two roles').waitFor();
    assert.deepEqual(await violations(page), []);
    await shoot(page, 'desk-test-form-en');
    for (const [id, password, said] of [['zhao', 'wrong', 'not the name and password'], ['zhao', PASSWORD, null]]) {
      await page.locator('input[name=second_id]').fill(id);
      await page.locator('input[name=second_password]').fill(password);
      await send.click();
      if (said !== null) await page.getByRole('alert').getByText(said).waitFor();
    }
    const test = page.locator('[data-test="care/dining"]');
    await test.getByText(/^Dining room, until \d\d:\d\d:\d\d \(李强\)/).waitFor();
    try {
      await row(page, earlier).locator('.badge-test').getByText('under test').waitFor();
      assert.equal(alarm(earlier).state.test, false);
      await place(page, 'care/dining').locator('.block-status').getByText(/under test/).waitFor();
      await shoot(page, 'desk-in-test-en');
      await set.withPage({ as: 'wall', lang: 'zh-CN', path: '/desk/wall', width: 1920, height: 1080 }, async (wall) => {
        await wall.locator('.tests-line').getByText(/^测试中，不会呼叫任何人：.*，至 .*（李强）$/).waitFor();
        assert.deepEqual((await textsOf(wall)).filter(({ isOutside }) => isOutside), []);
        await shoot(wall, 'wall-in-test-zh-CN');
      });
    } finally {
      await test.locator('[data-action=test-end]').click();
      await test.waitFor({ state: 'detached' });
    }
    await row(page, earlier).locator('.badge-test').waitFor({ state: 'detached' });
  }));

test('whoever is at the desk silences the sounders of a fire, and is told what that means', () =>
  set.withPage({ ...DESK, lang: 'en' }, async (page) => {
    const fire = 'fire_alarm/care/club/smoke-1';
    await press('care/club/smoke-1');
    await row(page, fire).locator('[data-action=silence]').click();
    await row(page, fire).getByText('come back by themselves after two minutes').waitFor();
    await row(page, fire).locator('[data-action=silence-now]').click();
    await row(page, fire).getByText(/^Sounders in the building, .* are silent/).waitFor();
    assert.deepEqual([alarm(fire).state.silenced, alarm(fire).state.acked], [true, false]);
    await shoot(page, 'desk-silenced-en');
  }));

test('a place on the plan leads to its alarm', () =>
  set.withPage(DESK, async (page) => {
    for (const point of ['care/club/button', 'care/day-care/button-1']) await press(point);
    await row(page, CALL).waitFor();
    await place(page, 'care/day-care').click();
    await row(page, CALL).locator('[data-action=going]').waitFor();
    await place(page, 'care/club').click();
    await row(page, 'emergency_call/care/club/button').locator('[data-action=going]').waitFor();
    assert.equal(await page.locator('[data-action=going]').count(), 1);
  }));

test('a device that is lost hatches its places, is named among the links, and its door is not shown as closed', () =>
  set.withPage(DESK, async (page) => {
    const door = page.locator('[data-door="sport/room/door"]');
    await door.getByText('closed').waitFor();
    await page.getByText('all present').waitFor();
    await set.scene.say('device sport-io down');
    await page.getByText('1 lost: sport-io').waitFor();
    await place(page, 'sport/room').locator('.block-status').getByText('No data').waitFor();
    await door.getByText('No data').waitFor();
    await place(page, 'sport').locator('> .block-status').getByText('High').waitFor();
    await shoot(page, 'desk-lost-en');
    await set.scene.say('device sport-io up');
    await page.getByText('all present').waitFor();
    await door.getByText('closed').waitFor();
  }));

test('a certificate that is not the one that is meant is named among the links', () =>
  set.withPage({ ...DESK, as: 'li', path: '/desk' }, async (page) => {
    await page.route('**/api/v1/health', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), door: { state: 'old_certificate' } } });
    });
    await page.getByText('shows its old certificate').waitFor();
    await page.unroute('**/api/v1/health');
    await page.getByText('shows its old certificate').waitFor({ state: 'detached' });
  }));

test('a door that opens is said to be open', () =>
  set.withPage(DESK, async (page) => {
    const door = page.locator('[data-door="hall/gate/door"]');
    await set.scene.say('mqtt field/gate/door {"open": true}');
    await door.getByText('open').waitFor();
    await set.scene.say('mqtt field/gate/door {"open": false}');
    await door.getByText('closed').waitFor();
  }));

test('the bulletin counts what comes while it is open, and what came before it was', async () => {
  const count = async (page) => Number(await page.locator('.counts').getByText('Bathroom call').locator('strong').innerText());
  let before = 0;
  await press('care/bath/cord');
  await until(() => alarm('bathroom_call/care/bath/cord'), 'the alarm');
  await set.withPage(DESK, async (page) => {
    before = await count(page);
    assert.ok(before >= 1);
    await set.scene.calm();
    await press('care/bath/cord');
    await until(async () => (await count(page)) === before + 1, 'one more');
  });
});

test('a wall stays awake, moves its picture a little, and is back by itself after a restart', () => {
  const init = 'window.held = []; Object.defineProperty(navigator, "wakeLock", { value: { request: async (kind) => { held.push(kind); return { release: async () => {} }; } } });';
  return set.withPage({ as: 'wall', lang: 'en', width: 1920, height: 1080, init }, async (page) => {
    await page.getByRole('heading', { name: 'No alarms' }).waitFor();
    assert.deepEqual(await page.evaluate(() => window.held), ['screen']);
    assert.equal(await page.locator('main').evaluate((main) => getComputedStyle(main).animationName), 'shift');
    await set.scene.stopGateway();
    await page.getByRole('alertdialog', { name: 'No contact' }).waitFor();
    await set.scene.startGateway();
    await page.locator('.curtain').waitFor({ state: 'detached' });
    await press('care/bath/cord');
    await row(page, 'bathroom_call/care/bath/cord').waitFor();
  });
});

test('the desk becomes a wall and a desk again', () =>
  set.withPage(DESK, async (page) => {
    await page.getByRole('button', { name: 'Wall screen' }).click();
    await page.locator('.wall-clock').waitFor();
    assert.equal(await page.locator('nav').isVisible(), false);
    await page.getByRole('button', { name: 'Leave the wall screen' }).click();
    await page.getByRole('heading', { name: 'Security desk' }).waitFor();
    assert.equal(await page.locator('nav').isVisible(), true);
  }));
