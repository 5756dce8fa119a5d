// SPDX-License-Identifier: Apache-2.0
// What one shift tells the next.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot } from './browser.mjs';
import { until } from './scene.mjs';
import { stage } from './stage.mjs';

const CALL = 'emergency_call/care/day-care/button-1';
const FIRE = 'emergency_call/care/club/button';

const set = stage();

test('the next shift reads what is open, who is seeing to what, and what is set aside until when, by whom and why', () =>
  set.withPage({ lang: 'en', path: '/handover' }, async (page) => {
    const { scene } = set;
    await page.locator('.summary').waitFor();
    for (const point of ['care/day-care/button-1', 'care/club/button']) await scene.press(point);
    await until(() => scene.alarms().length === 2, 'two alarms');
    scene.cli('ack', CALL, '--by', 'wang', '--role', 'caregiver');
    const held = scene.alarms('--all').find((row) => row.class === 'door.held' && row.place === 'hall/gate').alarm;
    scene.cli('shelve', held, '--minutes', '5', '--reason', 'works', '--by', 'li', '--role', 'security');
    try {
      const part = (heading) => page.locator('section', { has: page.getByRole('heading', { name: heading }) });
      await part('Open, nobody is going (1)').getByText('Activity room').waitFor();
      await part('Somebody is seeing to it (1)').getByText('wang is going').waitFor();
      const aside = page.locator(`[data-aside="${held}"]`);
      await aside.getByText('Reason: works').waitFor();
      const text = await aside.innerText();
      for (const word of [/shelved/, /for \d+ sec/, /comes back .*\d\d:\d\d:\d\d/, /\bli\b/]) assert.match(text, word);
      const changes = part('What happened since');
      await changes.getByText('Alarm raised 2').waitFor();
      await changes.getByText('Shelved 1').waitFor();
      const calls = changes.locator('[data-cause="care/day-care call.emergency"]');
      assert.match(await calls.innerText(), /Day-care room\s+Emergency call\s+once \(\d\d:\d\d\)/);
      assert.equal(await changes.locator('.events').count(), 0, 'events are there for whoever asks');
      await calls.locator('summary').click();
      await calls.locator('.events').getByText('Acknowledged').waitFor();
      const counts = await page.locator('.summary > div').evaluateAll((all) => all.map((each) => each.textContent));
      const wanted = ['Open, nobody is going1', 'Somebody is seeing to it1', 'Not announced for now1', 'Out of service0', 'Places under test0', 'Devices lost0'];
      assert.deepEqual(counts, wanted);
      await shoot(page, 'handover-full-en');

      // Unless somebody chooses, it is a shift of the site that hands over.
      const chosen = page.getByLabel('The shift began at').locator('option:checked');
      assert.match(await chosen.innerText(), /^(Care|Security) shift, (06|07|14|19|22):00$/);

      // Whoever takes over signs: it is recorded with the note and with what is open, and everybody sees it.
      await page.getByText('Nobody has signed yet.').waitFor();
      await page.getByLabel('Note (optional)').fill('lift is off');
      await page.locator('[data-action=take-over]').click();
      const taken = page.locator('[data-taken]');
      await taken.getByText('Taken over by 王敏 (caregiver)').waitFor();
      const said = await taken.innerText();
      for (const word of ['not acknowledged 1, being seen to 1, set aside 1', 'Note: lift is off']) assert.ok(said.includes(word), said);
      assert.match(scene.cli('events'), /taken over .*王敏 \(caregiver\).*lift is off/);
      await shoot(page, 'handover-taken-en');
      for (const as of ['audit', 'wall']) {
        await set.withPage({ lang: 'en', path: '/handover', as }, async (other) => {
          await other.locator('[data-taken]').waitFor();
          assert.equal(await other.locator('[data-action=take-over]').count(), 0, as);
        });
      }

      // A shift that is to begin within the hour last began yesterday. The choice is kept.
      scene.cli('unshelve', held, '--by', 'li', '--role', 'security');
      await aside.waitFor({ state: 'detached' });
      const hour = new Intl.DateTimeFormat('en', { hour: '2-digit', hourCycle: 'h23', timeZone: 'Asia/Shanghai' });
      const next = `${hour.format(new Date(Date.now() + 3600e3))}:00`;
      await page.getByLabel('The shift began at').selectOption(next);
      await page.reload();
      assert.equal(await page.getByLabel('The shift began at').inputValue(), next);
      await page.getByText('Alarm raised 2').waitFor();
    } finally {
      scene.tryCli('unshelve', held, '--by', 'li', '--role', 'security');
    }
  }));

test('a note that is one long word stays on a phone\'s page', () =>
  set.withPage({ lang: 'en', path: '/handover', width: 390 }, async (page) => {
    const note = 'W'.repeat(200);
    await page.getByLabel('Note (optional)').fill(note);
    await page.locator('[data-action=take-over]').click();
    await page.locator('[data-taken]').getByText(note).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  }));
