// SPDX-License-Identifier: Apache-2.0
// Debian's chromium, driven by playwright-core from the workspace of the app.
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './scene.mjs';

// What a service worker asks for is told too.
process.env.PW_EXPERIMENTAL_SERVICE_WORKER_NETWORK_EVENTS = '1';
const require = createRequire(join(ROOT, 'dashboards/console/package.json'));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = join(ROOT, 'build/screenshots');

export const launch = () =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    // A service worker is refused over a certificate that the browser does not know, whatever the page was allowed.
    args: ['--ignore-certificate-errors', '--no-sandbox', '--disable-dev-shm-usage', '--autoplay-policy=user-gesture-required'],
  });

/** What goes wrong in a page while nobody looks: filled as it happens. */
export function watch(page, url) {
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) complaints.push(`asked of another place: ${request.url()}`);
  });
  return complaints;
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

/** Every text that can be seen, with its size and whether it is within the window. */
export const textsOf = (page) =>
  page.evaluate(() => {
    const found = [];
    const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { parentElement: parent, textContent } = walker.currentNode;
      if (textContent.trim() === '' || parent.closest('.unseen, title, .shape') || !parent.checkVisibility()) continue;
      const box = parent.getBoundingClientRect();
      const px = parseFloat(getComputedStyle(parent).fontSize);
      found.push({ text: textContent, px, isOutside: box.bottom > innerHeight + 1 || box.right > innerWidth + 1 });
    }
    return found;
  });

/** Open a page by its name in the menu, also where that is behind a button or two. */
export async function openPage(page, name) {
  const link = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true });
  const buttons = [page.locator('.pages-button'), page.locator('.more-pages > button')];
  for (const button of buttons) {
    if (!(await link.isVisible()) && (await button.isVisible())) await button.click();
  }
  await link.click();
}

/** The whole page, however long; of a curtain what the window shows. Of a locator that part alone. */
export async function shoot(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  const fullPage = (await page.locator('.curtain').count()) === 0;
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage });
}
