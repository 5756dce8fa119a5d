// SPDX-License-Identifier: Apache-2.0
// An auditor checks from the page whether the journal is still what was recorded.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPage, shoot, violations } from './browser.mjs';
import { until } from './scene.mjs';
import { stage } from './stage.mjs';

const CALL = 'care/day-care/button-1';
/** As somebody does it who can write the file. */
const CHANGE = `
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=20) as db:
    assert db.execute("UPDATE event SET body = replace(body, '\\"priority\\":\\"emergency\\"', '\\"priority\\":\\"low\\"') WHERE seq = ? AND body LIKE '%emergency%'", [int(sys.argv[2])]).rowcount == 1
`;

const set = stage();

test('what was recorded is checked from a page, and the event that somebody changed is shown', () =>
  set.withPage({ as: 'audit', lang: 'en', width: 1280 }, async (page) => {
    const { scene } = set;
    await scene.press(CALL);
    await until(() => scene.alarms().length === 1, 'the call');
    await openPage(page, 'Audit');
    const check = page.getByRole('button', { name: 'Check now' });
    await check.click();
    await page.getByText('All is as it was recorded.', { exact: true }).waitFor();
    await shoot(page, 'audit-good-en');

    const raised = scene.events().find((event) => event.type === 'tocsin.alarm.raised' && event.subject === CALL).sequence;
    execFileSync('/usr/bin/python3', ['-c', CHANGE, join(scene.directory, 'state', 'journal.db'), String(raised)]);
    await check.click();
    await page.getByText('Not all is as it was recorded.').waitFor();
    const wrong = page.locator(`[data-wrong="${raised}"]`);
    await wrong.getByText('Alarm raised').waitFor();
    assert.match(await wrong.innerText(), new RegExp(`The first event that is wrong: ${raised}`));
    assert.deepEqual(await violations(page), []);
    await shoot(page, 'audit-wrong-en');
  }));
