// SPDX-License-Identifier: Apache-2.0
// The caregiver's story from the call to its end, on a phone, in both languages, against a real gateway.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot, violations } from './browser.mjs';
import { SECOND, until } from './scene.mjs';
import { stage } from './stage.mjs';

const BUTTON = 'care/day-care/button-1';
const ALARM = `emergency_call/${BUTTON}`;
const CARD = `[data-alarm="${ALARM}"]`;

/** What a finger hits (WCAG 2.5.5). */
const TOUCH_PX = 44;

const set = stage();

const alarm = () => set.scene.alarms().find((row) => row.alarm === ALARM);
const call = () => set.scene.press(BUTTON);
const newestEvent = () => set.scene.events().at(-1).sequence;
const acknowledgedSince = (seq) => set.scene.events().filter(({ type, sequence }) => type === 'tocsin.alarm.acknowledged' && sequence > seq);
const going = (page) => page.locator(`${CARD} [data-action=going]`);

for (const [lang, words] of [
  ['zh-CN', { room: '日间照料室', nobody: '还没有人去', going: '王敏 正在前往', there: '王敏 已到场', ambulance: '拨打 120', calm: '没有告警', do: '立即到场', called: '护理员', who: '王敏（护理员）', misuse: '误操作' }],
  ['en', { room: 'Day-care room', nobody: 'Nobody is going yet', going: '王敏 is going', there: '王敏 is there', ambulance: 'Call 120', calm: 'No alarms', do: 'Go there at once', called: 'caregivers', who: '王敏 (caregiver)', misuse: 'By mistake' }],
]) {
  test(`a caregiver answers a call from its coming to its end (${lang})`, () =>
    set.withPage({ lang }, async (page) => {
      await page.getByRole('heading', { name: words.calm }).waitFor();
      await shoot(page, `story-0-calm-${lang}`);

      await call();
      const card = page.locator(CARD);
      await card.waitFor();
      await set.scene.release(BUTTON);
      for (const word of [words.room, words.nobody, words.do]) assert.ok((await card.innerText()).includes(word), word);
      const ambulance = card.getByRole('link', { name: words.ambulance });
      assert.equal(await ambulance.getAttribute('href'), 'tel:120');
      assert.ok((await ambulance.boundingBox()).height >= TOUCH_PX);
      await until(async () => (await page.title()).startsWith('(1)'), 'the number of alarms in the title');
      await shoot(page, `story-1-call-${lang}`);

      // A touch in passing does nothing; the second one within seconds does.
      await going(page).click();
      await card.locator('.armed').waitFor();
      assert.equal(alarm().state.acked, false);
      await going(page).click();
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

      const done = set.scene.events().filter((event) => event.data?.actor?.startsWith('王敏')).map((event) => event.type);
      for (const type of ['acknowledged', 'attended', 'reset']) assert.ok(done.includes(`tocsin.alarm.${type}`), type);

      await page.goto(`${set.scene.url}/alarm/${ALARM}`);
      const story = page.locator('.occurrence').first();
      await story.locator('.story li').nth(3).waitFor();
      const told = await story.innerText();
      for (const word of [words.called, words.who, words.misuse]) assert.ok(told.includes(word), `${word} is not in ${told}`);
      if (lang === 'zh-CN') assert.doesNotMatch(told, /caregiver\b|shift |everyone|role /, 'no ids of the site file');
      await shoot(page, `story-4-story-${lang}`);
    }));
}

test('a story keeps its occurrences apart, the open one first, and what is over opens', () =>
  set.withPage({ path: `/alarm/${ALARM}` }, async (page) => {
    const earlier = set.scene.events().findLast((event) => event.data?.rule === 'emergency_call' && event.subject === BUTTON);
    const number = earlier.data.occurrence;
    await call();
    const newest = page.locator(`[data-occurrence="${number + 1}"]`);
    await newest.getByText('仍未结束').waitFor();
    assert.equal(await page.locator('.occurrence').first().getAttribute('data-occurrence'), `${number + 1}`);
    const over = page.locator(`[data-occurrence="${number}"]`);
    assert.match(await over.innerText(), /\d\d:\d\d:\d\d – .*\d\d:\d\d:\d\d\s*结果：误操作/);
    assert.equal(await over.locator('.story').isVisible(), false, 'what is over is closed');
    await over.locator('summary').click();
    await over.locator('.story').getByText('王敏（护理员）').first().waitFor();
    assert.equal(await page.getByRole('button', { name: '更早的' }).count(), 0, 'all of it is there');
    await shoot(page, 'story-occurrences-zh-CN');
  }));

/** The zone of the site is held back until `letGo` is called. */
function withoutZone() {
  let letGo;
  const held = new Promise((done) => (letGo = done));
  const arrange = (context) =>
    context.route('**/api/v1/places*', async (route) => {
      await held;
      await route.continue();
    });
  return { arrange, letGo };
}

test('no time of another zone is shown before the zone of the site is known', async () => {
  const { arrange, letGo } = withoutZone();
  await call();
  await set.withPage({ path: `/alarm/${ALARM}`, arrange, init: 'delete window.SharedWorker;' }, async (page) => {
    const times = page.locator('.occurrence').first().locator('.story time');
    await times.first().waitFor();
    assert.deepEqual([...new Set(await times.allInnerTexts())], ['…']);
    letGo();
    await times.first().getByText(/\d\d:\d\d:\d\d/).waitFor();
  });
});

test('two buttons of one room are told apart wherever they are listed, and read out', () =>
  set.withPage({ as: 'li', path: '/rooms' }, async (page) => {
    const points = ['button-1', 'button-2'];
    for (const point of points) {
      await set.scene.press(`care/day-care/${point}`);
      await page.locator('.unseen').getByText(point).waitFor({ state: 'attached' });
    }
    for (const path of ['/rooms', '/desk', '/handover', '/events']) {
      if (path !== '/rooms') await page.goto(set.scene.url + path);
      for (const point of points) await page.locator('main .point').getByText(point, { exact: true }).first().waitFor();
    }
    await page.goto(`${set.scene.url}/alarm/${ALARM}`);
    await page.locator('.what .point').getByText('button-1', { exact: true }).waitFor();
    await page.locator('.call').getByText('拨打 120').waitFor();
  }));

test('a button that is held acknowledges without a second press', () =>
  set.withPage({}, async (page) => {
    await call();
    await going(page).hover();
    await page.mouse.down();
    await until(() => alarm().state.acked, 'the acknowledgement');
    await page.mouse.up();
  }));

test('what the server refuses is said in words, and the card stays as it is', () =>
  set.withPage({}, async (page) => {
    await call();
    await going(page).dblclick();
    await set.scene.release(BUTTON);
    // Nobody has been there: the rule of a call wants somebody to.
    await page.locator(`${CARD} [data-action=close]`).click();
    await page.locator(`${CARD} [data-disposition=genuine]`).click();
    await page.locator(`${CARD} .problem`).getByText(/\p{Script=Han}{4}/u).waitFor();
    assert.equal(alarm().state.open, true);
    await shoot(page, 'refused-zh-CN');
  }));

test('of a command whose answer is lost the page does not say that nothing was changed', () =>
  set.withPage({ lang: 'en' }, async (page) => {
    await call();
    await page.route('**/acknowledge', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await going(page).dblclick();
    await page.locator(`${CARD} .problem`).getByText('Whether it was done is not known').waitFor();
    await page.locator(CARD).getByText('王敏 is going').waitFor();
  }));

test('a second person sees who is going, and a false alarm gets its reason', () =>
  set.withPage({ lang: 'en' }, async (one) => {
    await call();
    await going(one).dblclick();
    await one.locator(CARD).getByText('王敏 is going').waitFor();
    await set.withPage({ lang: 'en', as: 'li', path: '/rooms' }, async (other) => {
      await other.locator(CARD).getByText('王敏 is going').waitFor();
      await other.locator(`${CARD} [data-action=false]`).click();
      await other.locator(`${CARD} [data-disposition=equipment]`).click();
      await one.locator(CARD).getByText('Was: Equipment fault').waitFor();
      assert.equal(alarm().disposition, 'equipment');
    });
  }));

for (const [lang, words] of [
  ['zh-CN', { one: '李强 正在前往', still: '仍在呼叫护理员', both: '李强、王敏 正在前往', sound: '声音未开启', silence: /静音/, on: '告警声已开启' }],
  ['en', { one: '李强 is going', still: 'still calling caregivers', both: '李强, 王敏 are going', sound: 'Sound is off', silence: /Silence for/, on: 'The alarm sound is on' }],
]) {
  test(`security goes first: who is called still keeps the button and the sound, and ends the calls (${lang})`, () =>
    set.withPage({ lang, width: 1366, height: 768, as: 'li', path: '/desk' }, (desk) =>
      set.withPage({ lang }, async (phone) => {
        const row = desk.locator(`.desk-row${CARD}`);
        const card = phone.locator(`.card${CARD}`);
        await phone.getByRole('button', { name: words.sound }).click();
        await call();
        await until(() => alarm()?.calling.join() === 'caregiver,manager', 'the first step to call');
        await going(desk).click();
        await desk.locator('.armed').waitFor();
        await going(desk).click();
        for (const shown of [row, card]) {
          await shown.getByText(words.one).waitFor();
          assert.ok((await shown.innerText()).toLowerCase().includes(words.still), await shown.innerText());
        }
        await shoot(desk, `calling-desk-${lang}`);
        await shoot(phone, `calling-phone-${lang}`);
        assert.equal(await going(desk).count(), 0, 'nothing more to press for security');
        await phone.getByRole('button', { name: words.silence }).waitFor();
        await phone.reload();
        await card.getByText(words.still).waitFor();
        await phone.getByRole('button', { name: words.sound }).click();
        await phone.getByRole('button', { name: words.silence }).waitFor();

        await going(phone).click();
        await phone.locator('.armed').waitFor();
        await going(phone).click();
        for (const shown of [row, card]) {
          await shown.getByText(words.both).waitFor();
          assert.ok(!(await shown.innerText()).toLowerCase().includes(words.still), await shown.innerText());
        }
        await phone.getByText(words.on).waitFor();
        assert.equal(await going(phone).count(), 0);
        await until(() => alarm().calling.length === 0, 'nobody to be called');
        await card.locator('.story-link').click();
        const said = phone.locator('.occurrence').first().locator('.story li').filter({ hasText: /李强|王敏/ });
        await said.first().waitFor();
        const calls = (await said.allInnerTexts()).map((text) => text.toLowerCase().includes(words.still));
        assert.deepEqual(calls.slice(-2), [true, false], 'the story says whose word ended the calls');
      }),
    ));
}

for (const [lang, words] of [
  ['zh-CN', { sound: '声音未开启', silence: /静音/, again: '再次告警' }],
  ['en', { sound: 'Sound is off', silence: /Silence for/, again: 'raised again' }],
]) {
  test(`whoever presses again is heard on a phone that was silenced, and desk and phone say so (${lang})`, () =>
    set.withPage({ lang, width: 1366, height: 768, as: 'li', path: '/desk' }, (desk) =>
      set.withPage({ lang, isPhone: true }, async (phone) => {
        await phone.getByRole('button', { name: words.sound }).click();
        await call();
        const silence = phone.getByRole('button', { name: words.silence });
        await silence.click();
        await silence.waitFor({ state: 'detached' });
        await set.scene.release(BUTTON);
        await until(() => alarm()?.state.active === false, 'the button to be let go');
        const shown = [phone.locator(`.card${CARD}`), desk.locator(`.desk-row${CARD}`)];
        for (const each of shown) assert.equal(await each.getByText(words.again).count(), 0);
        await call();
        await silence.waitFor();
        for (const each of shown) await each.getByText(words.again).waitFor();
        await shoot(phone, `again-phone-${lang}`);
        await shoot(desk, `again-desk-${lang}`);
        await phone.reload();
        await shown[0].getByText(words.again).waitFor();
      }),
    ));
}

test('of two caregivers who say at once that they are going one is, and both are told who', () =>
  set.withPage({ lang: 'en' }, (one) =>
    set.withPage({ lang: 'en', as: 'chen' }, async (other) => {
      const pages = { 王敏: one, 陈静: other };
      const before = newestEvent();
      await call();
      // Neither command goes out before both have said it, each within the seconds of the first touch.
      const held = [];
      for (const page of Object.values(pages)) {
        await page.route('**/acknowledge', (route) => held.push(route));
        await going(page).click();
        await page.locator('.armed').waitFor();
        await going(page).click();
      }
      await until(() => held.length === 2, 'both to be pressed');
      await Promise.all(held.map((route) => route.continue()));
      await until(() => alarm().state.acked, 'the acknowledgement');
      const told = acknowledgedSince(before);
      assert.equal(told.length, 1, JSON.stringify(told));
      const winner = told[0].data.actor.replace(/ \(.*/, '');
      for (const [name, page] of Object.entries(pages)) {
        await page.locator(CARD).getByText(`${winner} is going`).waitFor();
        if (name !== winner) await page.locator(CARD).getByRole('alert').getByText('already').waitFor();
      }
    }),
  ));

test('an auditor looks and has no buttons', () =>
  set.withPage({ lang: 'en', as: 'audit', path: '/rooms' }, async (page) => {
    await call();
    await page.locator(CARD).waitFor();
    assert.equal(await page.locator(`${CARD} .actions, ${CARD} .call`).count(), 0);
  }));

for (const hours of [-1, 1]) {
  test(`a browser whose clock is ${hours} h wrong shows the right age and the server's time`, () =>
    set.withPage({ lang: 'en', init: `{ const now = Date.now; Date.now = () => now() + ${hours} * 3600e3; }` }, async (page) => {
      await call();
      await page.locator(`${CARD} .since`).getByText(/for \d+ sec/).waitFor();
      const shown = await page.locator('.contact').innerText();
      const site = new Intl.DateTimeFormat('en', { hour: '2-digit', hourCycle: 'h23', timeZone: 'Asia/Shanghai' });
      // Two hours are right when the one ended between looking at both.
      const hour = () => site.format(new Date());
      assert.ok([hour(), site.format(new Date(Date.now() - 60e3))].some((each) => shown.startsWith(`${each}:`)), shown);
    }));
}

test('a room with something shelved is not shown as normal', () =>
  set.withPage({ lang: 'en' }, async (page) => {
    const calm = page.locator('.calm').last().getByText('Main gate');
    await calm.waitFor();
    const held = set.scene.alarms('--all').find((row) => row.class === 'door.held' && row.place === 'hall/gate').alarm;
    set.scene.cli('shelve', held, '--minutes', '5', '--reason', 'works', '--by', 'test', '--role', 'security');
    await page.locator(`[data-aside="${held}"]`).getByText('shelved').waitFor();
    await calm.waitFor({ state: 'detached' });
    await shoot(page, 'shelved-en');
    set.scene.cli('unshelve', held, '--by', 'test', '--role', 'security');
    await calm.waitFor();
  }));

test('the event log is filtered by kind, place and words', () =>
  set.withPage({ lang: 'en', width: 1280 }, async (page) => {
    await call();
    await page.locator(CARD).waitFor();
    await set.scene.calm();
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
  }));

test('whoever goes keeps the alarm in sight, and what nobody has answered stands above it', () =>
  set.withPage({ lang: 'en' }, async (page) => {
    for (const point of ['care/club/button', 'care/talk/button', BUTTON]) await set.scene.press(point);
    await page.locator('.card').nth(2).waitFor();
    await page.locator(CARD).focus();
    await page.keyboard.press('a');
    await page.locator('.armed').waitFor();
    await page.keyboard.press('a');
    const own = page.locator(`${CARD}.own`);
    await own.getByText('王敏 is going').waitFor();
    await until(() => own.evaluate((card) => card === document.activeElement), 'the card to be followed');
    const isInSight = await own.evaluate((card) => {
      const { top, bottom } = card.querySelector('[data-action=attend]').getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    });
    assert.ok(isInSight, 'the next step is in sight');
    const order = await page.locator('.card').evaluateAll((cards) => cards.map((card) => card.dataset.alarm));
    assert.deepEqual([order.length, order.indexOf(ALARM)], [3, 2], 'two calls that nobody has answered come first');
    await shoot(page, 'rooms-own-en');
    await set.withPage({ as: 'chen', lang: 'en' }, async (other) => {
      await other.locator(CARD).getByText('王敏 is going').waitFor();
      assert.equal(await other.locator('.own').count(), 0);
      assert.equal(await other.locator('.card').last().getAttribute('data-alarm'), ALARM);
    });
  }));

for (const [lang, words] of [
  ['zh-CN', { going: '我去处理', folded: '测试：3 条告警，不会呼叫任何人（最高：紧急）' }],
  ['en', { going: "I'm going", folded: 'Test: 3 alarms for which nobody is called (at worst: Emergency)' }],
]) {
  test(`a real call during a walk test is the first card, and the tests are folded below it (${lang})`, async () => {
    const { scene } = set;
    const as = ['--by', 'test', '--role', 'engineer'];
    const tested = [BUTTON, 'care/club/button', 'care/talk/button'];
    const real = 'emergency_call/sport/court/button';
    scene.cli('test', 'begin', 'care', '--minutes', '60', '--reason', 'works', ...as, ...SECOND);
    try {
      await set.withPage({ lang, isPhone: true }, async (page) => {
        for (const point of tested) await scene.press(point);
        const folded = page.locator('.folded').getByText(words.folded);
        await folded.waitFor();
        assert.equal(await page.locator('.card').count(), 0, 'a test is no card');
        await scene.press('sport/court/button');
        await page.locator(`.card[data-alarm="${real}"]`).getByText(words.going).waitFor();
        assert.equal(await page.locator('.card').count(), 1);
        await shoot(page, `rooms-walk-test-${lang}`);
        await folded.click();
        for (const point of tested) await page.locator(`[data-row="emergency_call/${point}"]`).waitFor();
      });
    } finally {
      await scene.calm();
      scene.cli('test', 'end', 'care', ...as);
    }
  });
}

test('whoever chooses rooms sees them first, and nothing that may be grave, or calls, is hidden', () =>
  set.withPage({ lang: 'en' }, async (page) => {
    const { scene } = set;
    const [mine, elsewhere, fault] = [ALARM, 'emergency_call/care/talk/button', 'fire_panel_fault/hall/police/fault'];
    const shown = () => page.locator('.cards > *').evaluateAll((all) => all.map((each) => each.dataset.alarm ?? each.textContent));
    for (const id of [elsewhere, fault, mine]) {
      await scene.press(id.slice(id.indexOf('/') + 1));
      await page.locator(`[data-alarm="${id}"]`).waitFor();
    }
    assert.deepEqual(await shown(), [elsewhere, mine, fault], 'nobody has chosen: all are hers');

    const chooser = page.locator('.chooser');
    await chooser.getByText('My rooms: all').click();
    await chooser.getByLabel('Day-care room').check();
    await page.getByRole('heading', { name: 'Elsewhere' }).waitFor();
    assert.deepEqual(await shown(), [mine, 'Elsewhere', elsewhere]);
    assert.deepEqual(await violations(page), []);
    await shoot(page, 'rooms-mine-en');
    const folded = page.locator('.folded');
    await folded.getByText('Elsewhere: 1 alarm that does not call you (High)').click();
    await folded.locator(`[data-row="${fault}"]`).waitFor();
    assert.deepEqual(await page.locator('.calm').last().locator('li').allInnerTexts(), [], 'her room is the one with the call');

    // A floor is chosen with all its rooms, and is kept.
    await chooser.getByLabel('Home-care centre').check();
    assert.ok(await chooser.getByLabel('Day-care room').isDisabled());
    await page.reload();
    await chooser.getByText('My rooms: Home-care centre').waitFor();
    await page.locator('.card').nth(1).waitFor();
    assert.deepEqual(await shown(), [elsewhere, mine]);
    assert.ok((await page.locator('.calm').last().locator('li').count()) > 3);

    // Whoever goes elsewhere has that before the eyes; what nobody has answered stands above it.
    await chooser.getByText('My rooms: Home-care centre').click();
    await chooser.getByLabel('Home-care centre').uncheck();
    await chooser.getByLabel('Day-care room').check();
    await page.locator(`[data-alarm="${elsewhere}"]`).focus();
    await page.keyboard.press('a');
    await page.locator('.armed').waitFor();
    await page.keyboard.press('a');
    await page.locator(`[data-alarm="${elsewhere}"].own`).waitFor();
    assert.deepEqual(await shown(), [mine, elsewhere]);
    await chooser.getByRole('button', { name: 'All rooms' }).click();
    await chooser.getByText('My rooms: all').waitFor();
    assert.equal(await folded.count(), 0);
    assert.deepEqual(await shown(), [mine, elsewhere, fault]);
  }));
