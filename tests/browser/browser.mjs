// SPDX-License-Identifier: Apache-2.0
// Debian's chromium, driven by playwright-core from the workspace of the app.
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEADLINE_MS, ROOT } from './scene.mjs';

const require = createRequire(join(ROOT, 'dashboards/console/package.json'));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = join(ROOT, 'build/screenshots');

export const launch = () =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--autoplay-policy=user-gesture-required'],
  });

/** A page of a browser of its own that fails the test for what the content policy or a script objects to. */
export async function openPage(browser, { lang = 'zh-CN', width = 390, height = 844, theme = 'light', ...more } = {}) {
  const context = await browser.newContext({
    locale: lang,
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
    ...more,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  return { context, page, complaints };
}

export async function signIn(page, url, id = 'wang') {
  await page.goto(url);
  await page.fill('input[name=id]', id);
  await page.fill('input[name=password]', 'open sesame');
  await page.click('form button');
  await page.waitForSelector('nav');
  await page.waitForSelector('main h1');
}

/** What axe finds that is serious or critical. */
export async function violations(page) {
  // Through the debugger, which the content policy of the page does not bind.
  await page.evaluate(`if (!window.axe) { ${AXE} }`);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

/** The whole page, however long; of a curtain what the window shows. */
export async function shoot(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  const fullPage = (await page.locator('.curtain').count()) === 0;
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage });
}
