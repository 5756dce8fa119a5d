// SPDX-License-Identifier: Apache-2.0
// Twelve states of a place, side by side on the floor plan, as colour-blind eyes see them: any two are told apart, without
// their words, by every eye; without any colour by shape, frame or hatching; and by their words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot } from './browser.mjs';
import { freePort, SECOND, until } from './scene.mjs';
import { writeSite } from './site.mjs';
import { stage } from './stage.mjs';

const EYES = ['none', 'protanopia', 'deuteranopia', 'tritanopia', 'achromatopsia'];
/** Of the priority that an alarm of its class has; here each has a kind of point of its own. */
const KINDS = {
  emergency: { kind: 'emergency_button', class: 'call.emergency' },
  urgent: { kind: 'water_leak', class: 'water.leak' },
  high: { kind: 'door_contact', class: 'door.held' },
  low: { kind: 'request_to_exit', class: 'space.climate' },
};
const PRIORITIES = Object.keys(KINDS);

/**
 * What makes each state, by the id of its place, and how the plan shows it. Four are there twice,
 * and with these the plan has four rows of four.
 */
const STATES = [
  ...['normal', 'normal-twin'].map((place) => ({ place, kind: 'door_contact', look: '.block-calm' })),
  ...PRIORITIES.map((name) => ({ place: name, kind: KINDS[name].kind, isRaised: true, look: `.block-${name}.unacked` })),
  ...['emergency', 'low'].map((name) => ({ place: `${name}-twin`, kind: KINDS[name].kind, isRaised: true, look: `.block-${name}.unacked` })),
  ...PRIORITIES.map((name) => ({ place: `${name}-going`, kind: KINDS[name].kind, isRaised: true, isAcked: true, look: `.block-${name}:not(.unacked)` })),
  // In two places, so that the alarm of the lost device is of neither.
  ...['no-data', 'no-data-twin'].map((place) => ({ place, kind: 'door_contact', device: 'dead', look: '.block-no-data' })),
  { place: 'shelved', kind: 'door_contact', isShelved: true, look: '.block-aside' },
  { place: 'test', kind: 'door_contact', isTested: true, look: '.block-test' },
];
const TWINS = ['normal,normal-twin', 'emergency,emergency-twin', 'low,low-twin'];
/** Both: what happens there is not announced, and somebody wants it so. The word says which. */
const TOLD_BY_WORD = ['shelved,test'];
/** Of twelve states, but those. */
const PAIRS = (12 * 11) / 2 - TOLD_BY_WORD.length;

const alarmOf = ({ place, kind }) => `${PRIORITIES.find((name) => KINDS[name].kind === kind)}/${place}/x`;

async function house(scene, broker) {
  const port = await freePort();
  const rules = `${PRIORITIES.map((name) => `  - rule: ${name}
    each: point ${KINDS[name].kind}
    raise: value
    class: ${KINDS[name].class}
    message: {zh: 告警, en: alarm}
    response: {zh: 前往查看, en: Go there}`).join('\n')}
`;
  const points = (isOf) => STATES.filter(isOf).map(({ place, kind }, index) => `      - {point: x, place: ${place}, kind: ${kind}, read: discrete ${index}}`).join('\n');
  const device = (id, unit, isOf) => `  - {id: ${id}, driver: modbus, address: "tcp://127.0.0.1:${port}", unit: ${unit}, poll: 200 ms, timeout: 1 s, points: [
${points(isOf).replaceAll('      - ', '      ').replaceAll('}\n', '},\n')}]}`;
  return writeSite(scene, broker, {
    id: 'eyes', zh: '大楼', en: 'House', rules,
    places: STATES.map(({ place }) => `  - {id: ${place}, kind: bedroom, name: {zh: 室, en: Room}}`).join('\n'),
    devices: [device('alive', 1, (state) => state.device !== 'dead'), device('dead', 2, (state) => state.device === 'dead')].join('\n'),
  });
}

async function prepare(scene) {
  const as = ['--by', 'test', '--role', 'engineer'];
  await scene.say('device dead down');
  for (const state of STATES) {
    if (state.isRaised) await scene.press(`${state.place}/x`);
    if (state.isShelved) scene.cli('shelve', alarmOf(state), '--minutes', '60', '--reason', 'works', ...as);
    if (state.isTested) scene.cli('test', 'begin', state.place, '--minutes', '60', '--reason', 'works', ...as, ...SECOND);
  }
  const raised = STATES.filter(({ isRaised }) => isRaised);
  await until(() => raised.every((state) => scene.alarms().some(({ alarm }) => alarm === alarmOf(state))), 'the alarms');
  for (const state of STATES.filter(({ isAcked }) => isAcked)) scene.cli('ack', alarmOf(state), ...as);
}

const set = stage({ site: house, prepare });

/** In a page: where each place is on the plan, and its shape if it has one; the words are hidden, for all are alike. */
function lookAt(scale) {
  for (const text of document.querySelectorAll('.block > text')) text.style.visibility = 'hidden';
  const box = (each) => {
    const { x, y, width, height } = each.getBoundingClientRect();
    return { x: Math.round(x * scale), y: Math.round(y * scale), width: Math.floor(width * scale), height: Math.floor(height * scale) };
  };
  return [...document.querySelectorAll('[data-place]')].map((block) => ({
    place: block.dataset.place,
    cell: box(block.querySelector(':scope > .block-fill')),
    shape: [...block.querySelectorAll('.shape')].map(box)[0] ?? null,
    words: block.querySelector('title').textContent.replace(/[\d:.]+.*/, '').trim(),
  }));
}

/** In a page: what part of their pixels is another in each two places, of the cell and of the shape in it. */
async function differences({ png, seen }) {
  const bytes = Uint8Array.from(atob(png), (each) => each.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.drawImage(image, 0, 0);
  const pixels = ({ x, y }, width, height) => pen.getImageData(x, y, width, height).data;
  const partOf = (one, other) => {
    let count = 0;
    for (let at = 0; at < one.length; at += 4) {
      count += Number([0, 1, 2].some((channel) => Math.abs(one[at + channel] - other[at + channel]) > 32));
    }
    return (4 * count) / one.length;
  };
  const part = (a, b) => {
    const [width, height] = [Math.min(a.width, b.width), Math.min(a.height, b.height)];
    return partOf(pixels(a, width, height), pixels(b, width, height));
  };
  const found = {};
  seen.forEach((a, index) => {
    for (const b of seen.slice(index + 1)) {
      const shape = a.shape !== null && b.shape !== null ? part(a.shape, b.shape) : 0;
      found[`${a.place},${b.place}`] = { cell: part(a.cell, b.cell), shape };
    }
  });
  return found;
}

/** An octagon and a circle differ by an eighth of where they are; the mark and the frame of a cell are a fortieth of it. */
const isOther = ({ cell, shape }) => cell > 0.018 || shape > 0.08;
/** No shape begins where a pixel does: of these nine stand where people see one. */
const FINE = 3;

async function compare(page, wire, name) {
  const seen = await page.evaluate(lookAt, FINE);
  const clip = { x: 0, y: 0, ...page.viewportSize(), scale: FINE };
  const { data: png } = await wire.send('Page.captureScreenshot', { format: 'png', clip });
  const desk = await set.browser.newPage();
  const found = Object.entries(await desk.evaluate(differences, { png, seen }));
  await desk.close();
  const twins = found.filter(([pair]) => TWINS.includes(pair));
  const others = found.filter(([pair]) => !pair.includes('twin') && !TOLD_BY_WORD.includes(pair));
  assert.deepEqual(others.filter(([, parts]) => !isOther(parts)), [], `alike for ${name}`);
  assert.deepEqual(twins.filter(([, parts]) => isOther(parts)), [], `not alike for ${name}`);
  return others.length;
}

for (const colorScheme of ['light', 'dark']) {
  test(`twelve states of a place are told apart by every eye, and without colour (${colorScheme})`, () =>
    set.withPage({ as: 'li', lang: 'en', path: '/desk', width: 1366, height: 768 }, async (page) => {
      await page.emulateMedia({ colorScheme });
      for (const { place, look } of STATES) await page.locator(`${look}[data-place=${place}]`).waitFor();
      const wire = await page.context().newCDPSession(page);
      for (const type of EYES) {
        await wire.send('Emulation.setEmulatedVisionDeficiency', { type });
        await shoot(page, `eyes-${colorScheme}-${type}`);
        assert.equal(await compare(page, wire, type), PAIRS);
      }
      await wire.send('Emulation.setEmulatedVisionDeficiency', { type: 'none' });
      await page.evaluate(() => {
        for (const fill of ['emergency', 'urgent', 'high', 'low', 'fault', 'normal']) {
          document.documentElement.style.setProperty(`--${fill}`, '#808080');
          document.documentElement.style.setProperty(`--${fill}-ink`, '#000000');
        }
      });
      await shoot(page, `eyes-${colorScheme}-no-colour`);
      assert.equal(await compare(page, wire, 'one colour for all'), PAIRS);

      const words = (await page.evaluate(lookAt, 1)).filter(({ place }) => !place.includes('twin') && !place.includes('going'));
      assert.equal(new Set(words.map((each) => each.words)).size, words.length, JSON.stringify(words.map((each) => each.words)));
    }));
}
