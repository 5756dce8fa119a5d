// SPDX-License-Identifier: Apache-2.0
// On paper: an alarm's story, the log and the handover as A4, read back by poppler. Every page has ink, and every
// alarm stands there whole, which nothing does that is cut at an edge.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CALL } from './pages.mjs';
import { ROOT, until } from './scene.mjs';
import { stage } from './stage.mjs';

const PAPERS = join(ROOT, 'build/screenshots');
const PRESSED = ['care/day-care/button-1', 'care/club/button', 'care/dining/smoke-1', 'care/bath/cord', 'care/talk/button'];

const set = stage({
  prepare: async (scene) => {
    for (const point of PRESSED) await scene.press(point);
    await until(() => scene.alarms().length >= PRESSED.length, 'the alarms');
    scene.cli('ack', CALL, '--by', 'wang', '--role', 'caregiver');
  },
});

/** The share of each page that is not white, in parts of one. */
function inkOf(pdf) {
  const images = execFileSync('pdftoppm', ['-gray', '-r', '30', pdf], { maxBuffer: 1 << 28 });
  const pages = [];
  for (let at = 0; at < images.length; ) {
    const [head, width, height] = images.toString('latin1', at, at + 40).match(/^P5\s+(\d+)\s+(\d+)\s+\d+\s/);
    const pixels = images.subarray(at + head.length, at + head.length + width * height);
    pages.push(pixels.filter((pixel) => pixel < 250).length / pixels.length);
    at += head.length + pixels.length;
  }
  return pages;
}

/** Blanks are where the lines of the paper end, too. */
const packed = (text) => text.replace(/\s+/g, '');

for (const lang of ['zh-CN', 'en']) {
  for (const [name, path, ready] of [
    ['story', `/alarm/${CALL}`, '.card ~ .occurrence .story li'],
    ['log', '/events', '.events td'],
    ['handover', '/handover', '[data-cause]'],
  ]) {
    test(`on A4 the ${name} has every alarm whole (${lang})`, () =>
      set.withPage({ lang, path }, async (page) => {
        await page.waitForSelector(ready);
        const alarms = set.scene.alarms().filter(({ alarm }) => name !== 'story' || alarm === CALL);
        const expected = alarms.map(({ text }) => (lang === 'en' ? text.en : text.zh));
        assert.ok(expected.length >= (name === 'story' ? 1 : PRESSED.length), JSON.stringify(expected));
        const seen = async () => packed(await page.locator('main').innerText());
        await until(async () => (await seen()).includes(packed(expected.at(-1))), 'the last alarm');
        mkdirSync(PAPERS, { recursive: true });
        const pdf = join(PAPERS, `${name}-${lang}.pdf`);
        await page.pdf({ path: pdf, format: 'A4', preferCSSPageSize: true });
        const size = execFileSync('pdfinfo', [pdf], { encoding: 'utf8' });
        assert.match(size, /Page size: +59[45]\S* x 84[12]\S* pts \(A4\)/);
        const pages = inkOf(pdf);
        assert.ok(pages.length > 0 && pages.every((ink) => ink > 0.001 && ink < 0.5), JSON.stringify(pages));
        const text = packed(execFileSync('pdftotext', ['-layout', pdf, '-'], { encoding: 'utf8' }));
        const raw = packed(execFileSync('pdftotext', ['-raw', pdf, '-'], { encoding: 'utf8' }));
        for (const each of expected) assert.ok(text.includes(packed(each)) || raw.includes(packed(each)), `${each} is cut in ${raw}`);
      }));
  }
}

test('the menu of the account is not on the paper, though it is open on the screen', () =>
  set.withPage({ lang: 'en', path: `/alarm/${CALL}` }, async (page) => {
    await page.waitForSelector('.story li');
    await page.locator('.account summary').click();
    const menu = page.locator('.account > div');
    await menu.waitFor();
    await page.emulateMedia({ media: 'print' });
    assert.equal(await menu.isVisible(), false);
  }));
