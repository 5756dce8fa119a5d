// SPDX-License-Identifier: Apache-2.0
// More calls than there are people: 60 rooms of four buildings call, somebody goes to 40 of them. The wall names the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot, textsOf } from './browser.mjs';
import { freePort, until } from './scene.mjs';
import { CALLS_AND_DOORS, writeSite } from './site.mjs';
import { stage } from './stage.mjs';

const BUILDINGS = 4;
const ROOMS = 15;
const ANSWERED = 40;

const rooms = Array.from({ length: BUILDINGS * ROOMS }, (_, index) => {
  const building = Math.floor(index / ROOMS) + 1;
  const number = `${building}${String((index % ROOMS) + 1).padStart(2, '0')}`;
  return { building, number, place: `b${building}/r${number}`, isFirst: index % ROOMS === 0 };
});

const placeOf = ({ building, number, isFirst }) =>
  (isFirst ? `  - id: b${building}\n    kind: building\n    name: {zh: ${building} 号楼, en: Building ${building}}\n    places:\n` : '') +
  `      - {id: r${number}, kind: bedroom, name: {zh: ${number} 室, en: Room ${number}}}`;

async function house(scene, broker) {
  const points = rooms.map(({ place }, index) => `      - {point: button, place: ${place}, kind: emergency_button, read: discrete ${index}}`);
  const door = `      - {point: door, place: b1, kind: door_contact, read: discrete ${rooms.length}}`;
  return writeSite(scene, broker, {
    id: 'many', zh: '多告警', en: 'Many', rules: CALLS_AND_DOORS,
    places: rooms.map(placeOf).join('\n'),
    // The rules of the house are for doors as well.
    devices: `  - id: io\n    driver: modbus\n    address: tcp://127.0.0.1:${await freePort()}\n    unit: 1\n    poll: 200 ms\n    timeout: 5 s\n    points:\n${[...points, door].join('\n')}`,
  });
}

const set = stage({
  site: house,
  prepare: async (scene) => {
    for (const { place } of rooms) await scene.press(`${place}/button`);
    await until(() => scene.alarms().length >= rooms.length, 'all calls');
    for (const { place } of rooms.slice(0, ANSWERED)) {
      const { alarm } = scene.alarms().find((each) => each.place === place);
      scene.cli('ack', alarm, '--by', 'test', '--role', 'caregiver');
    }
  },
});

for (const [lang, width, height, name] of [
  ['zh-CN', 1920, 1080, '{} 室'],
  ['en', 1920, 1080, 'Room {}'],
  ['en', 3840, 2160, 'Room {}'],
]) {
  test(`a wall of ${height} lines names each of 20 rooms to which nobody goes, apart from the others (${lang})`, () =>
    set.withPage({ as: 'wall', lang, width, height }, async (page) => {
      const rows = () => page.locator('.desk-row.unacked').evaluateAll((all) => all.map((row) => row.innerText).join('\n'));
      const named = ({ number }) => name.replace('{}', number);
      await until(async () => (await rows()) !== '', 'rows');
      await shoot(page, `many-wall-${height}-${lang}`);
      const said = await rows();
      for (const room of rooms.slice(ANSWERED)) assert.ok(said.includes(named(room)), `${room.number} in ${said}`);
      for (const room of rooms.slice(0, ANSWERED)) assert.ok(!said.includes(named(room)), `${room.number} in ${said}`);
      const [over, left, row] = await page.locator('.desk-list').evaluate((list) => [
        list.scrollHeight - list.clientHeight,
        list.getBoundingClientRect().bottom - list.querySelector('.desk-rows').getBoundingClientRect().bottom,
        parseFloat(getComputedStyle(document.documentElement).fontSize) * 3.45,
      ]);
      assert.ok(over <= 0, `${over} px are cut off`);
      assert.ok(left < row, `${left} px are left while names are folded`);
      const cut = await page.locator('.desk-where, .desk-names').evaluateAll((all) =>
        all.filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.innerText),
      );
      assert.deepEqual(cut, []);
      assert.deepEqual((await textsOf(page)).filter(({ isOutside }) => isOutside), []);
    }));
}
