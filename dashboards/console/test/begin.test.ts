// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginOf } from '../src/handover/begin';

const at = (time: string) => Date.parse(time);
const ZONE = 'Asia/Shanghai';

test('a shift began when it last was that time at the site, today or yesterday', () => {
  const now = at('2026-11-27T01:30:20Z'); // 09:30 at the site
  assert.equal(beginOf('08:00', now, ZONE), at('2026-11-27T00:00:00Z'));
  assert.equal(beginOf('20:00', now, ZONE), at('2026-11-26T12:00:00Z'));
  assert.equal(beginOf('09:30', now, ZONE), at('2026-11-27T01:30:00Z'));
  assert.equal(beginOf('09:31', now, ZONE), at('2026-11-26T01:31:00Z'));
});
