// SPDX-License-Identifier: Apache-2.0
// A large estate: 4 buildings of 6 floors with 272 rooms, which makes 300 places; 2,000 points.
import { freePort } from './scene.mjs';
import { CALLS_AND_DOORS, writeSite } from './site.mjs';

const BUILDINGS = 4;
const FLOORS = 6;
const ROOMS = 272;
const POINTS = 2000;
/** Of each room; the last is left out of as many rooms as there would be too many. */
const KINDS = ['emergency_button', 'door_contact', 'motion', 'smoke', 'presence', 'pull_cord', 'water_leak', 'tamper'];

const floors = Array.from({ length: BUILDINGS * FLOORS }, (_, index) => ({
  building: `b${Math.floor(index / FLOORS) + 1}`,
  floor: `b${Math.floor(index / FLOORS) + 1}/f${(index % FLOORS) + 1}`,
  number: (index % FLOORS) + 1,
  rooms: [],
}));
for (let room = 0; room < ROOMS; room++) {
  const { rooms } = floors[room % floors.length];
  rooms.push(`r${String(rooms.length + 1).padStart(2, '0')}`);
}

const rooms = floors.flatMap(({ floor, rooms: names }) => names.map((name) => `${floor}/${name}`));
const pointsOf = (index) => KINDS.slice(0, index < POINTS - ROOMS * (KINDS.length - 1) ? KINDS.length : KINDS.length - 1);

/** The points that raise an alarm, those of one room far from each other. */
export const ALARMING = [0, 1].flatMap((point) => rooms.map((room) => `${room}/p${point}`));

const placesOf = () => {
  const lines = [];
  for (const { building, number, rooms: names } of floors) {
    const digits = building.slice(1);
    if (number === 1) lines.push(`  - id: ${building}\n    kind: building\n    name: {zh: ${digits} 号楼, en: Building ${digits}}\n    places:`);
    lines.push(`      - id: f${number}\n        kind: floor\n        name: {zh: ${number} 层, en: Floor ${number}}\n        places:`);
    for (const name of names) {
      const door = `${number}${name.slice(1)}`;
      lines.push(`          - {id: ${name}, kind: bedroom, name: {zh: ${door} 室, en: Room ${door}}}`);
    }
  }
  return lines.join('\n');
};

async function devicesOf() {
  const lines = [];
  let room = 0;
  for (const [index, { floor, rooms: names }] of floors.entries()) {
    lines.push(`  - id: d${index}\n    driver: modbus\n    address: tcp://127.0.0.1:${await freePort()}\n    unit: 1\n    poll: 500 ms\n    timeout: 5 s\n    points:`);
    let input = 0;
    for (const name of names) {
      pointsOf(room++).forEach((kind, point) =>
        lines.push(`      - {point: p${point}, place: ${floor}/${name}, kind: ${kind}, read: discrete ${input++}}`),
      );
    }
  }
  return lines.join('\n');
}

/** The site of the estate. */
export async function estate(scene, broker) {
  return writeSite(scene, broker, {
    id: 'estate', zh: '松柏园养老社区', en: 'Pine Grove estate', rules: CALLS_AND_DOORS,
    places: placesOf(),
    devices: await devicesOf(),
  });
}
