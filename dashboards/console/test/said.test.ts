// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entityOf, inWords, saidIn } from '../src/live/said';

const FIRE = '助餐就餐室：火灾报警';

test('two detectors of one room are told apart, on the page and read out', () => {
  const [smoke, heat] = ['fire_alarm/care/dining/smoke-1', 'fire_alarm/care/dining/heat-1'].map((alarm) =>
    saidIn(FIRE, entityOf(alarm), 'care/dining'),
  );
  assert.deepEqual([smoke?.point, heat?.point], ['smoke-1', 'heat-1']);
  assert.equal(smoke && inWords(smoke), `${FIRE} smoke-1`);
});

test('a room, a device and a part of the gateway are no points', () => {
  for (const [entity, place] of [['care/dining', 'care/dining'], ['fire-panel', null], ['engine', null]] as const) {
    assert.deepEqual(saidIn(FIRE, entity, place), { text: FIRE, point: null });
  }
  assert.equal(saidIn(FIRE, 'care/dining-2/smoke-1', 'care/dining').point, null);
});

test('a point that the text names is not named twice', () => {
  assert.equal(saidIn('助浴间：care/bath/cord 故障或无有效数据', 'care/bath/cord', 'care/bath').point, null);
});

test('a point that the text ends with is not said twice', () => {
  assert.deepEqual(saidIn('Fire panel fault', 'hall/police/fault', 'hall/police'), { text: 'Fire panel fault', point: null });
  assert.deepEqual(saidIn('Fire panel default', 'hall/police/fault', 'hall/police').point, 'fault');
});
