// SPDX-License-Identifier: Apache-2.0
// Every page in a language that nobody speaks (pseudo.mjs), at three widths: nothing to scroll sideways, no word cut, and
// no word that was never translated.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { shoot } from './browser.mjs';
import { CALL, PAGES } from './pages.mjs';
import { buildPseudo } from './pseudo.mjs';
import { example, until } from './scene.mjs';
import { stage } from './stage.mjs';

const set = stage({
  site: async (scene, broker) => {
    scene.assets = join(scene.directory, 'pseudo');
    await buildPseudo(scene.assets);
    return example(scene, broker);
  },
  prepare: async (scene) => {
    for (const point of ['care/day-care/button-1', 'care/club/button', 'care/dining/smoke-1']) await scene.press(point);
    await until(() => scene.alarms().length >= 3, 'three alarms');
    scene.cli('ack', CALL, '--by', 'wang', '--role', 'caregiver');
  },
});

/** What the site and the server call things, which is in no file of words. */
const NAMED_BY = ['en', 'name', 'site', 'gateway', 'id', 'unit', 'alarm', 'place', 'point', 'device', 'bus', 'rule', 'instance', 'entity', 'expression', 'component', 'protocol', 'version', 'build', 'shift', 'subject', 'actor'];
const ASKED = ['places', 'alarms?all=1', 'points', 'devices', 'rules', 'users', 'version', 'shifts', 'health', 'reach', 'events?newest=1&limit=500'];

let names;

/** For each a pattern of that word, the longest first. */
async function namesOfSite() {
  const found = new Set();
  const look = (value, key) => {
    if (typeof value === 'string' && NAMED_BY.includes(key)) {
      found.add(key === 'actor' ? value.replace(/ \(.*\)$/, '') : value);
      if (key === 'entity' || key === 'point') found.add(value.split('/').at(-1));
      // Where a row has the place already, its text stands without it.
      if (key === 'en') found.add(value.slice(value.indexOf(': ') + 1).trim());
    } else if (value !== null && typeof value === 'object') for (const [name, each] of Object.entries(value)) look(each, Array.isArray(value) ? key : name);
  };
  await set.session('wall'); // which makes the user of the screen
  const context = await set.browser.newContext({ ignoreHTTPSErrors: true, storageState: await set.session('zhao') });
  for (const path of ASKED) {
    for (let from = 0; from !== null && from !== undefined; ) {
      // Not every list has pages: the first is asked for by no number.
      const page = from === 0 ? '' : `${path.includes('?') ? '&' : '?'}from=${from}`;
      const body = await (await context.request.get(`${set.scene.url}/api/v1/${path}${page}`)).json();
      look(body, '');
      from = body.next;
    }
  }
  await context.close();
  const patternOf = (name) => new RegExp(`(?<![\\p{L}\\p{N}])${name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}(?![\\p{L}\\p{N}])`, 'gu');
  return [...found].filter((name) => /\p{L}/u.test(name)).sort((a, b) => b.length - a.length).map(patternOf);
}

/** In a page: what is written where people see it or have it read out. */
function writtenIn() {
  const texts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const { parentElement, data } = walk.currentNode;
    if (data.trim() !== '' && parentElement.closest('script, style, .block-name') === null && parentElement.checkVisibility()) texts.push(data);
  }
  for (const name of ['title', 'aria-label', 'placeholder', 'alt', 'data-label']) {
    for (const each of document.querySelectorAll(`[${name}]`)) {
      // What is written on a block of a floor plan may be cut, and its label ends with it as it is written.
      const shown = [...each.querySelectorAll('.block-name, .block-status')].map(({ textContent }) => textContent).join(' ');
      const label = each.getAttribute(name);
      texts.push(shown !== '' && label.endsWith(`, ${shown}`) ? label.slice(0, -shown.length) : label);
    }
  }
  return [document.title, ...texts];
}

/** In a page that is wider than the window: what reaches out. */
function overIn() {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const all = [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > innerWidth);
  return all.map((each) => `${each.tagName} ${each.className} "${each.textContent.slice(0, 60)}"`);
}

/**
 * In a page: each line of words that reaches out of the page, of what holds it, or of what cuts it. Names of the site may
 * end in an ellipsis in a header; so may what a row of the desk says where rows are counted by their height, and one that is
 * opened says all of it.
 */
function cutIn() {
  const bad = [];
  const isShortened = matchMedia('(min-width: 64rem)').matches ? '.brand, .wall-top, .desk-line' : '.brand, .wall-top';
  const scrolls = (style) => ['auto', 'scroll'].includes(style.overflowX);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    const parent = node.parentElement;
    if (node.data.trim() === '' || parent.closest(`script, style, svg, option, .unseen, .skip, ${isShortened}`) !== null || !parent.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const words = range.getBoundingClientRect();
    const tell = (by) => bad.push(`"${node.data.trim().slice(0, 60)}" ${by} (${Math.round(words.left)} to ${Math.round(words.right)})`);
    let mayScroll = false;
    for (let each = parent; each !== null && each !== document.body; each = each.parentElement) {
      const style = getComputedStyle(each);
      const box = each.getBoundingClientRect();
      mayScroll ||= scrolls(style);
      if (mayScroll) break;
      const isAround = each.matches('button, a, summary, th, td, .badge, li, label, p, h1, h2, .card');
      const isOut = words.right > box.right + 1 || words.left < box.left - 1;
      const isCut = style.overflow !== 'visible' && (isOut || words.bottom > box.bottom + 2 || words.top < box.top - 2);
      if (style.display !== 'inline' && style.display !== 'contents' && (isCut || (isAround && isOut))) {
        tell(`${isCut ? 'is cut by' : 'reaches out of'} ${each.tagName} ${each.className} (${Math.round(box.left)} to ${Math.round(box.right)})`);
        break;
      }
    }
    if (!mayScroll && (words.right > innerWidth + 1 || words.left < -1)) tell('reaches out of the page');
  }
  const canvas = document.createElement('canvas').getContext('2d');
  for (const each of document.querySelectorAll('select')) {
    const style = getComputedStyle(each);
    const text = each.selectedOptions[0]?.text ?? '';
    canvas.font = style.font;
    const room = each.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (each.checkVisibility() && canvas.measureText(text).width > room) bad.push(`"${text}" is cut by a choice of ${Math.round(room)} px`);
  }
  return bad;
}

const UNITS = /\b(sec|min|hr|days?|hours?|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|UTC)\b/g;

/** What is left of a text without what was translated, what the site calls so, numbers and times. */
function untranslated(text) {
  let rest = text;
  for (let before = ''; before !== rest; ) {
    before = rest;
    rest = rest.replace(/⟦[^⟦⟧]*⟧/g, ' ');
  }
  for (const name of names) rest = rest.replace(name, ' ');
  rest = rest.replace(/⟦[^⟧]*…$/, ' ').replace(UNITS, ' ');
  return /\p{L}{2}/u.test(rest) ? text.trim() : null;
}

test('a word that was never translated is noticed, and one that is cut', () =>
  set.withPage({ lang: 'en', path: '/rooms' }, async (page) => {
    await page.waitForSelector('.card');
    names ??= await namesOfSite();
    await page.evaluate(() => {
      const words = document.createElement('p');
      words.textContent = 'Never translated';
      Object.assign(words.style, { width: '4rem', whiteSpace: 'nowrap', overflow: 'hidden' });
      document.querySelector('main').append(words);
    });
    assert.deepEqual((await page.evaluate(writtenIn)).map(untranslated).filter((text) => text !== null), ['Never translated']);
    assert.match((await page.evaluate(cutIn)).join(), /^"Never translated" is cut by P [^,]*$/);
  }));

for (const { name, path, as, ready } of PAGES) {
  test(`the page ${name} has room for longer words, and none that was never translated`, () =>
    set.withPage({ lang: 'en', path, as }, async (page) => {
      await page.waitForSelector(ready);
      names ??= await namesOfSite();
      for (const width of [320, 768, 1920]) {
        await page.setViewportSize({ width, height: width === 1920 ? 1080 : 700 });
        const over = await page.evaluate(overIn);
        await shoot(page, `pseudo-${name}-${width}`);
        assert.deepEqual(over, [], `too wide at ${width} px`);
        assert.deepEqual(await page.evaluate(cutIn), [], `cut at ${width} px`);
      }
      const foreign = (await page.evaluate(writtenIn)).map(untranslated).filter((text) => text !== null);
      assert.deepEqual([...new Set(foreign)], []);
    }));
}
