// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numbersIn } from '../src/rooms/numbers';

test('every emergency number that a response names can be called, each once', () => {
  for (const number of ['110', '112', '119', '120', '911', '999']) {
    assert.deepEqual(numbersIn(`立即到场，必要时拨打${number}。`), [number]);
    assert.deepEqual(numbersIn(`Go there at once; call ${number}, then wait.`), [number]);
  }
  assert.deepEqual(numbersIn('拨打 119/120'), ['119', '120']);
  assert.deepEqual(numbersIn('Evacuate, call 119 and 120. Call 119 again if nobody comes.'), ['119', '120']);
});

test('a longer number, a time and a size are no emergency numbers', () => {
  const longer = ['1200', '0120', '拨打 010-1200', 'call 020-120', '+86120', 'A120', '120a'];
  const sizes = ['等待 120 秒', '120 分钟内', 'within 120 s', '120 m2', '99.9', '1.120', '1,120', '120.5', '120%'];
  for (const text of ['', ...longer, ...sizes]) {
    assert.deepEqual(numbersIn(text), [], text);
  }
});
