// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fittedRows, type Beside } from '../src/desk/fit';
import { isFlood, longRowsOf, rowsOf } from '../src/desk/groups';
import { cut, namesInLines, widthEm, wrap } from '../src/desk/label';
import { largestFree } from '../src/desk/free';
import { flat, floorPlan, strips, type Block } from '../src/desk/layout';
import { statusOf, together } from '../src/desk/status';
import type { LiveTable } from '../src/live/messages';
import { fullNames } from '../src/live/names';
import type { Point } from '../src/live/points';
import type { Alarm, Place, Priority } from '../src/types';

const NOW = Date.parse('2026-11-27T04:00:00Z');

function alarm(place: string, cause = 'call.emergency', more: Partial<Alarm> = {}, ageS = 30): Alarm {
  const state = {
    active: true, acked: false, latched: true, attended: false, suppression: 'none', silenced: false, test: false,
    open: true, investigated: null,
  };
  return {
    alarm: `${cause}/${place}`, class: cause, priority: 'emergency', place, place_name: null, state,
    raised: new Date(NOW - ageS * 1000).toISOString(), changed: null, quality: 'good',
    text: { zh: '', en: '' }, response: { zh: '', en: '' }, disposition: 'unstated', ...more,
  };
}

const place = (id: string): Place => ({ place: id, kind: 'room', name: { zh: id, en: id }, capacity: null, area_m2: null, plan: null });

const point = (id: string, quality: Point['quality'], age_ms: number | null = 1000): Point => ({
  point: id, kind: 'smoke', device: 'd', place: id.split('/').slice(0, -1).join('/'), value: 0, unit: null, quality,
  measured: null, age_ms,
});

const table = (more: Partial<LiveTable>): LiveTable => ({
  site: { name: { zh: '', en: '' }, timezone: 'UTC' }, places: [], alarms: [], aside: [], tests: [], seq: 1, ...more,
});



test('in a flood every alarm is in exactly one row, in its order', () => {
  const rooms = Array.from({ length: 40 }, (_, index) => `care/room-${index % 20}`);
  const alarms = rooms.map((room, index) => alarm(room, index % 3 === 0 ? 'fire.alarm' : 'call.emergency', { alarm: `a${index}` }));
  for (const room of [1, 2, 5, 12, 100]) {
    const rows = rowsOf(alarms, room, NOW);
    assert.ok(rows.length <= Math.max(room, 1), `${rows.length} rows in ${room}`);
    const ids = rows.flatMap((row) => row.alarms.map((each) => each.alarm));
    assert.deepEqual([...ids].sort(), alarms.map((each) => each.alarm).sort());
    assert.equal(ids[0], 'a0');
  }
});

test('a flood is more than ten in ten minutes, and is grouped by place and cause', () => {
  const twice = [...Array(6).keys()].flatMap((index) => [alarm(`r${index}`, 'x.y', { alarm: `1${index}` }), alarm(`r${index}`, 'x.y', { alarm: `2${index}` })]);
  assert.equal(isFlood(twice.slice(0, 10), NOW), false);
  assert.equal(isFlood(twice, NOW), true);
  assert.equal(isFlood(twice, NOW + 600_000), false);
  const rows = rowsOf(twice, 100, NOW);
  assert.deepEqual(rows.map((row) => [row.by, row.alarms.length]), Array(6).fill(['place', 2]));
});

test('in a list that can be scrolled no grave alarm is hidden behind its cause, and the others are one row each cause', () => {
  const calls = Array.from({ length: 60 }, (_, index) => alarm(`room-${index}`, 'call.emergency'));
  const doors = Array.from({ length: 60 }, (_, index) => alarm(`room-${index}`, 'door.held', { priority: 'high' as Priority }));
  const rows = longRowsOf([...calls, ...doors], 50, NOW);
  assert.deepEqual(rows.map((row) => row.by), [...Array(60).fill('one'), 'cause']);
  assert.equal(rows.at(-1)?.alarms.length, 60);
});

test('a wall that has room for it shows the first alarms each in its row, and the rest by cause', () => {
  const calls = Array.from({ length: 60 }, (_, index) => alarm(`room-${index}`, 'call.emergency'));
  const rows = rowsOf(calls, 5, NOW);
  assert.deepEqual(rows.map((row) => [row.by, row.alarms.length]), [...Array(4).fill(['one', 1]), ['cause', 56]]);
});

test('no emergency is among what is called the rest, however little room there is', () => {
  const emergencies = ['call.emergency', 'fire.alarm', 'fire.confirmed', 'call.bathroom'].flatMap((cause) => [alarm('care/a', cause), alarm('care/b', cause)]);
  const others = ['door.held', 'device.lost', 'point.fault'].map((cause) => alarm('hall', cause, { priority: 'high' as Priority }));
  const all = [...emergencies, ...others];
  for (const room of [1, 2, 3, 4, 5, 6]) {
    const rows = rowsOf(all, room, NOW);
    assert.ok(rows.length <= room, `${rows.length} rows in ${room}`);
    assert.deepEqual(rows.flatMap((row) => row.alarms).sort(), [...all].sort());
    const rest = rows.filter((row) => row.by === 'rest').flatMap((row) => row.alarms);
    assert.deepEqual(rest.filter(({ priority }) => priority === 'emergency'), []);
  }
  assert.deepEqual(rowsOf(all, 3, NOW).map((row) => [row.by, row.alarms.length]), [['cause', 2], ['cause', 6], ['rest', 3]]);
});

test('what is only a test shares no row with an emergency and stands after it', () => {
  const inTest = { state: { ...alarm('').state, test: true } };
  const tests = ['a', 'b', 'c'].map((room) => alarm(room, 'fire.alarm', { ...inTest, alarm: `test ${room}` }));
  const fires = ['d', 'e', 'f'].map((room) => alarm(room, 'fire.alarm'));
  for (const rows of [rowsOf([...tests, ...fires], 2, NOW), longRowsOf([...tests, ...fires], 2, NOW)]) {
    assert.deepEqual(rows.at(-1)?.alarms, tests);
    assert.deepEqual(rows.slice(0, -1).flatMap((row) => row.alarms), fires);
  }
});

test('as many places are named as there is room for, one at least, and it is said how many more there are', () => {
  const say = { commas: (shown: string[]) => shown.join('、'), more: (shown: string, count: number) => `${shown} and ${count}` };
  const names = ['Hall', 'Club', 'Bathroom'];
  assert.deepEqual(namesInLines(names, [20], say), { lines: ['Hall、Club、Bathroom'], named: 3 });
  assert.deepEqual(namesInLines(names, [9], say), { lines: ['Hall、Club and 1'], named: 2 });
  assert.deepEqual(namesInLines(names, [3, 8], say), { lines: ['Hall', 'Club、Bathroom'], named: 3 });
  assert.deepEqual(namesInLines(names, [5], say), { lines: ['Hall +2'], named: 1 });
  assert.deepEqual(namesInLines(['Room 311', 'Room 312'], [5.5], say), { lines: ['Ro…311 +1'], named: 1 });
  assert.deepEqual(namesInLines(['Hall'], [20, 20], say), { lines: ['Hall'], named: 1 });
});

test('a name that has to be cut keeps the number that tells it apart', () => {
  assert.equal(cut('Room 311', 20), 'Room 311');
  assert.equal(cut('Room 311', 4), 'Ro…311');
  assert.equal(cut('Room 311', 2.6), '…311');
  assert.equal(cut('Room 311', 2), '311');
  assert.equal(cut('Building 1 · Room 101', 8), 'Building…101');
  assert.equal(cut('一号楼 311 室', 6), '一号…311 室');
  assert.equal(cut('311 室', 2.6), '311…');
  assert.equal(cut('Service hall A', 5), 'Servic…A');
  assert.equal(cut('Room 311', 1), '');
});

const answered = { state: { ...alarm('').state, acked: true } };

test('emergencies that wait share no row with those to which somebody is going, as long as there is room for two', () => {
  const calls = [...Array(20).keys()].map((index) => alarm(`w${index}`));
  const gone = [...Array(40).keys()].map((index) => alarm(`g${index}`, 'call.emergency', answered));
  const fires = ['a', 'b'].map((room) => alarm(room, 'fire.alarm', answered));
  for (const room of [2, 3, 4, 8]) {
    const rows = rowsOf([...calls, ...gone, ...fires], room, NOW);
    assert.ok(rows.length <= room);
    for (const row of rows) assert.equal(new Set(row.alarms.map(({ state }) => state.acked)).size, 1, `${room}: ${row.id}`);
  }
});

/** The second line of a row says who is called still where somebody is going. */
const beside: Beside = {
  ageOf: () => '9 min',
  calledFor: ({ alarms }) => (alarms.some(({ state }) => state.acked) ? 'caregivers' : ''),
  namesOf: ({ by, alarms }) => (by === 'one' ? [] : alarms.map((each) => `Room ${each.place}`)),
  commas: (names) => names.join(', '),
  more: (names, count) => `${names} and ${count} more`,
};

test('a wall names every place that waits while it has the room, and first of all these', () => {
  const calls = [...Array(20).keys()].map((index) => alarm(`${311 + index}`));
  const gone = [...Array(40).keys()].map((index) => alarm(`${101 + index}`, 'call.emergency', answered));
  for (const heightRem of [12, 18.5, 24, 36]) {
    const rows = fittedRows([...calls, ...gone], { heightRem, widthRem: 27 }, false, NOW, beside);
    const said = rows.flatMap(({ row, names }) => (row.by === 'one' ? [`Room ${row.alarms[0]?.place}`] : names)).join();
    const missing = calls.filter(({ place: room }) => !said.includes(`Room ${room}`));
    assert.equal(missing.length > 0, heightRem < 18, `${missing.length} are not named in ${heightRem}`);
    const lines = rows.reduce((sum, { row, names }) => sum + Math.max(names.length - 1, 0) + (beside.calledFor(row) === '' ? 0 : 1), 0);
    const used = rows.length * 3.45 + lines * 1.4;
    assert.ok(used <= heightRem, `${used} in ${heightRem}`);
    assert.ok(!said.includes(' more') || heightRem - used < 1.4, `${heightRem - used} left of ${heightRem} while names are folded`);
  }
  const few = fittedRows([...calls.slice(0, 2), ...gone.slice(0, 2)], { heightRem: 17, widthRem: 27 }, false, NOW, beside);
  assert.deepEqual(few.map(({ row }) => row.by), ['one', 'one', 'one', 'one'], 'only a row that needs it is higher');
});

test('few alarms stand for themselves', () => {
  assert.deepEqual(rowsOf([alarm('a'), alarm('b')], 8, NOW).map((row) => row.by), ['one', 'one']);
});

test('every place has a block within that of the place around it, and none lies over another', () => {
  const places = ['hall', 'hall/desk', 'hall/gate', 'care', 'care/a', 'care/b', 'care/b/bath', 'care/c', 'sport', 'sport/room'].map(place);
  for (const [width, height] of [[1100, 600], [280, 900], [400, 120]] as const) {
    const blocks = floorPlan(places, { width, height }, { titlePx: 30, least: { width: 0, height: 0 }, marked: new Set<string>() });
    const all = flat(blocks);
    assert.deepEqual(all.map((block) => block.place.place).sort(), places.map((each) => each.place).sort());
    const inside = (block: Block, x: number, y: number, right: number, bottom: number) => {
      assert.ok(block.x >= x - 0.01 && block.y >= y - 0.01, block.place.place);
      assert.ok(block.x + block.width <= right + 0.01 && block.y + block.height <= bottom + 0.01, block.place.place);
      for (const inner of block.blocks) inside(inner, block.x, block.y, block.x + block.width, block.y + block.height);
    };
    for (const block of blocks) inside(block, 0, 0, width, height);
    const leaves = all.filter((block) => block.blocks.length === 0);
    for (const a of leaves) {
      for (const b of leaves) {
        const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
        assert.ok(a === b || apart, `${a.place.place} lies over ${b.place.place}`);
      }
    }
  }
});

test('places that would be too small to be read are folded into what they lie in, and none is lost', () => {
  const places = ['a', 'b'].flatMap((house) => [house, ...Array.from({ length: 30 }, (_, index) => `${house}/r${index}`)]).map(place);
  const needs = { titlePx: 30, least: { width: 60, height: 30 }, marked: new Set<string>() };
  const small = floorPlan(places, { width: 400, height: 200 }, needs);
  assert.deepEqual(small.map((block) => [block.place.place, block.blocks.length, block.folded.length]), [['a', 0, 30], ['b', 0, 30]]);
  const large = flat(floorPlan(places, { width: 1600, height: 900 }, needs));
  assert.equal(large.length, places.length);
  const [only] = floorPlan(places.slice(0, 31), { width: 400, height: 200 }, needs);
  assert.equal(only?.blocks.length, 30);
});

test('a room with an emergency keeps its block where the others of its house are folded, if it can be read', () => {
  const places = ['a', 'b'].flatMap((house) => [house, `${house}/f`, ...Array.from({ length: 30 }, (_, index) => `${house}/f/r${index}`)]).map(place);
  const planOf = (marked: string[]) => floorPlan(places, { width: 400, height: 200 }, { titlePx: 30, least: { width: 60, height: 30 }, marked: new Set(marked) });
  const marked = planOf(['b/f/r7', 'b/f/r9']);
  assert.deepEqual(flat(marked).map((block) => block.place.place), ['a', 'b', 'b/f', 'b/f/r7', 'b/f/r9']);
  assert.deepEqual(marked.map((block) => block.folded.length), [31, 28]);
  assert.deepEqual([marked[1]?.x, marked[1]?.width], [planOf([])[1]?.x, planOf([])[1]?.width]);
  const tooMany = planOf(places.map((each) => each.place));
  assert.deepEqual(tooMany.map((block) => [block.blocks.length, block.folded.length]), [[0, 31], [0, 31]]);
});

test('a place under test says so of its alarms, but for those that are in earnest', () => {
  const inTest = { state: { ...alarm('').state, test: true } };
  const alarms = [alarm('a', 'fire.alarm', inTest), alarm('b', 'fire.alarm', inTest), alarm('b', 'door.held', { priority: 'high' as Priority })];
  const found = statusOf(table({ alarms }), []);
  const worst = { kind: 'alarm', isUnacked: true, count: 1, sinceMs: NOW - 30_000 };
  assert.deepEqual(found.get('a'), { ...worst, priority: 'emergency', isTest: true });
  assert.deepEqual(found.get('b'), { ...worst, priority: 'high', isTest: false });
  assert.deepEqual(together([...found.values()]), found.get('b'));
});

test('places that are shown together show the worst of them, and how many alarms there are', () => {
  const one = (priority: Priority, isUnacked: boolean, sinceMs: number) => ({ kind: 'alarm' as const, priority, isTest: false, isUnacked, count: 2, sinceMs });
  const unseen = { kind: 'no-data' as const, count: 1, of: 4, ageMs: 10 };
  assert.deepEqual(together([unseen, one('high', true, 5), one('emergency', false, 7)]), { kind: 'alarm', priority: 'emergency', isTest: false, isUnacked: false, count: 4, sinceMs: 5 });
  assert.deepEqual(together([unseen, unseen]), { kind: 'no-data', count: 2, of: 8, ageMs: 10 });
  assert.equal(together([]), undefined);
});

test('a room whose name another has is called with what tells them apart, and no other is', () => {
  const ids = ['b1', 'b1/f1', 'b1/f1/r1', 'b2', 'b2/f1', 'b2/f1/r1', 'b2/f1/kitchen'];
  const places = ids.map((id) => ({ ...place(id), name: { zh: '', en: id.split('/').at(-1) as string } }));
  const names = fullNames(places, ({ name }) => name.en);
  assert.deepEqual(ids.map((id) => names.get(id)), ['b1', 'b1 · f1', 'b1 · r1', 'b2', 'b2 · f1', 'b2 · r1', 'kitchen']);
});

test('the strips of a plan keep the order of the site and fill it', () => {
  const cuts = strips(Array.from({ length: 7 }, () => ({ weight: 1, needs: 20 })), { x: 0, y: 0, width: 700, height: 400 });
  assert.ok(Math.abs(cuts.reduce((sum, cut) => sum + cut.width * cut.height, 0) - 700 * 400) < 1);
  for (const [index, cut] of cuts.slice(1).entries()) {
    const before = cuts[index] as (typeof cuts)[number];
    assert.ok(cut.y > before.y || cut.x > before.x);
  }
});

test('a name that is too long is cut, a short one is not, and no line is too wide', () => {
  assert.deepEqual(wrap('Main gate', 20, 2), ['Main gate']);
  assert.deepEqual(wrap('社区居家养老服务中心', 6, 2), ['社区居家养老', '服务中心']);
  assert.deepEqual(wrap('社区居家养老服务中心', 6, 1), ['社区居家养…']);
  for (const text of ['Community reading room', '一站式服务大厅 A', 'Multi-purpose court']) {
    for (const width of [1, 3, 5, 9]) {
      for (const line of wrap(text, width, 3)) assert.ok(widthEm(line) <= width, `"${line}" in ${width}`);
    }
  }
});

test('a place shows its worst alarm before what is merely not known, and a calm place shows nothing', () => {
  const alarms = [alarm('a', 'fire.alarm', {}, 60), alarm('a', 'door.held', { priority: 'high' as Priority }, 90)];
  const aside = [alarm('c', 'door.held', { state: { ...alarm('c').state, suppression: 'shelved' } })];
  const found = statusOf(table({ alarms, aside }), [point('a/x', 'stale'), point('b/x', 'stale', 5000), point('b/y', 'good'), point('d/x', 'good')]);
  assert.deepEqual(found.get('a'), { kind: 'alarm', priority: 'emergency', isTest: false, isUnacked: true, count: 2, sinceMs: NOW - 90_000 });
  assert.deepEqual(found.get('b'), { kind: 'no-data', count: 1, of: 2, ageMs: 5000 });
  assert.deepEqual(found.get('c'), { kind: 'aside', suppression: 'shelved' });
  assert.equal(found.has('d'), false);
});

test('the wall has the dark theme of the palette', () => {
  const pairs = (css: string) => [...css.matchAll(/--[\w-]+: #[0-9a-f]{6};/g)].map((match) => match[0]).sort();
  const dark = /@media \(prefers-color-scheme: dark\) \{([^]*?)\}/.exec(readFileSync('src/look/tokens.css', 'utf8'))?.[1];
  const wall = /html\.wall \{([^]*?)\}/.exec(readFileSync('src/desk/desk.css', 'utf8'))?.[1];
  assert.ok(dark !== undefined && wall !== undefined && pairs(dark).length > 7);
  assert.deepEqual(pairs(wall), pairs(dark));
});

test('the words of a room stand in its largest free rectangle', () => {
  const free = ['##....', '##....', '######', '######'].map((line) => [...line].map((sign) => sign === '#'));
  assert.deepEqual(largestFree(free), { column: 0, row: 2, columns: 6, rows: 2 });
  assert.deepEqual(largestFree([[false, true]]), { column: 1, row: 0, columns: 1, rows: 1 });
  assert.equal(largestFree([[false]]), null);
});

test('of a place that was drawn every place is in the drawing with room for its words, or has a block beside it, or is in its title', () => {
  const places = ['hall', 'hall/desk', 'care', 'care/a', 'care/b', 'care/bath', 'care/f', 'care/f/attic', 'care/g', 'care/g/c'].map(place);
  const area = (width: number, height: number) => ({ x: 0, y: 0, width, height });
  const rooms = new Map([['care/a', area(100, 60)], ['care/b', area(90, 60)], ['care/bath', area(8, 60)], ['care/g/c', area(60, 60)]]);
  const drawings = new Map([['care', { box: area(300, 80), rooms }]]);
  const needs = { titlePx: 30, least: { width: 60, height: 30 }, marked: new Set<string>(), drawings, isRoomy: ({ width }: { width: number }) => width > 60 };
  for (const [width, height] of [[1100, 600], [700, 900]] as const) {
    const care = flat(floorPlan(places, { width, height }, needs)).find((block) => block.place.place === 'care') as Block;
    assert.deepEqual(care.blocks.map((block) => block.place.place), ['care/bath', 'care/f'], `${width}`);
    assert.deepEqual(care.blocks.flatMap((block) => [...block.folded, ...block.blocks.map((inner) => inner.place.place)]), ['care/f/attic']);
    assert.deepEqual(care.folded, ['care/g'], 'what is only around rooms of the drawing');
    const at = care.drawing as NonNullable<Block['drawing']>;
    assert.ok(Math.abs(at.width / at.height - 300 / 80) < 0.01, 'it keeps its shape');
    for (const block of care.blocks) {
      const isApart = block.x >= at.x + at.width - 0.01 || block.y >= at.y + at.height - 0.01;
      assert.ok(isApart, `${block.place.place} lies over the drawing`);
    }
  }
  const phone = flat(floorPlan(places, { width: 220, height: 500 }, needs));
  assert.deepEqual(phone.flatMap((block) => block.drawing ?? []), [], 'where it would be too small there are blocks');
});
