// SPDX-License-Identifier: Apache-2.0
// A house of 50 rooms with 500 buttons, all of which are pressed within 10 s, and what that takes a page.
import { freePort, until } from './scene.mjs';
import { CALLS_AND_DOORS, writeSite } from './site.mjs';

const ROOMS = 50;
const BUTTONS = 10;
export const ALARMS = ROOMS * BUTTONS;
export const STORM_MS = 10_000;

const each = (count, line) => Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** The site of the house, with one Modbus module for each room. */
export async function house(scene, broker) {
  const port = await freePort();
  return writeSite(scene, broker, {
    id: 'house', zh: '大楼', en: 'House', rules: CALLS_AND_DOORS,
    places: each(ROOMS, (room) => `  - {id: r${room}, kind: bedroom, name: {zh: ${room} 室, en: Room ${room}}}`),
    devices: each(ROOMS, (room) => `  - id: d${room}
    driver: modbus
    address: tcp://127.0.0.1:${port}
    unit: ${room + 1}
    poll: 200 ms
    timeout: 2 s
    points:
${each(BUTTONS, (button) => `      - {point: b${button}, place: r${room}, kind: ${button === 0 ? 'emergency_button' : 'door_contact'}, read: discrete ${button}}`)}`),
  });
}

/** Some of the doors of the house, in all rooms. */
export const doorsOf = (count) => Array.from({ length: count }, (_, door) => `r${door % ROOMS}/b${1 + Math.floor(door / ROOMS)}`);

/** Press them all, evenly; the gravest come last. */
export async function storm(scene) {
  const began = performance.now();
  for (let pressed = 0; pressed < ALARMS; pressed++) {
    await until(() => performance.now() >= began + (pressed * STORM_MS) / ALARMS, 'the next to be pressed');
    const button = BUTTONS - 1 - Math.floor(pressed / ROOMS);
    await scene.say(`set r${pressed % ROOMS}/b${button} 1`);
  }
}

/** Until the heading of the page begins with `text`; hardly anything is asked of the page for it. */
export const heading = (page, text) =>
  until(() => page.evaluate((start) => document.querySelector('h1')?.textContent.startsWith(start), text), `"${text}"`);

const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', '__metadata'];
const PAINT = ['PrePaint', 'Paint', 'Layerize', 'Commit'];

/** The pages of this browser are traced until the function that is given back is called. */
export async function traced(browser, page) {
  await browser.startTracing(page, { categories: CATEGORIES });
  return async () => JSON.parse((await browser.stopTracing()).toString()).traceEvents;
}

/**
 * The processor's time of a page's main thread in each 100 ms, which is as often as the page is told, in ms: all of
 * it, and without what painting takes. From what the browser traced; the time of a machine that is busy elsewhere is
 * not in it. First of the page that was traced, then of the other pages of the browser, the busiest first.
 */
export function busyMs(events) {
  const { frames } = events.find(({ name }) => name === 'TracingStartedInBrowser').args.data;
  const pages = new Map();
  for (const { name, pid, tid, args } of events) {
    if (name === 'thread_name' && args.name === 'CrRendererMain') pages.set(`${pid} ${tid}`, { pid, sum: 0, all: new Map(), work: new Map() });
  }
  for (const { pid, tid, name, ph, ts, tdur } of events) {
    const page = pages.get(`${pid} ${tid}`);
    if (page === undefined || ph !== 'X' || !tdur) continue;
    const span = Math.floor(ts / 100_000);
    const add = (spans, us) => spans.set(span, (spans.get(span) ?? 0) + us / 1000);
    if (PAINT.includes(name)) add(page.work, -tdur);
    if (name !== 'RunTask') continue;
    add(page.work, tdur);
    add(page.all, tdur);
    page.sum += tdur;
  }
  const sorted = (spans) => [...spans.values()].sort((a, b) => a - b);
  const isTraced = (page) => Number(page.pid === frames[0].processId);
  return [...pages.values()]
    .sort((a, b) => isTraced(b) - isTraced(a) || b.sum - a.sum)
    .map(({ all, work }) => ({ all: sorted(all), work: sorted(work) }));
}

export const share = (sorted, part) => sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)];
