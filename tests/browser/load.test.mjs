// SPDX-License-Identifier: Apache-2.0
// What it costs to open the app, as the browser counts it, from the real server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stage } from './stage.mjs';

const FIRST_LOAD_BYTES_MAX = 80 * 1024;

const set = stage();

test('the first load is small, compressed and from one place', (t) =>
  set.withPage({ as: null }, async (page) => {
    const loaded = await page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((each) => ({
        path: new URL(each.name).pathname,
        packed: each.encodedBodySize,
        plain: each.decodedBodySize,
      })),
    );
    const files = loaded.filter(({ path }) => !path.startsWith('/api/'));
    const bytes = files.reduce((sum, { packed }) => sum + packed, 0);
    t.diagnostic(`${bytes} bytes in ${files.length} files`);
    assert.ok(files.some(({ path }) => path.endsWith('.js')), JSON.stringify(loaded));
    assert.ok(bytes > 0 && bytes <= FIRST_LOAD_BYTES_MAX, JSON.stringify(loaded));
    for (const { path, packed, plain } of files) {
      if (/\.(js|css)$/.test(path)) assert.ok(packed < plain, `${path}: ${packed} of ${plain} bytes`);
    }
  }));
