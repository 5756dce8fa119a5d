// SPDX-License-Identifier: Apache-2.0
// After the build: a .gz and a .br beside each file of dist/, and the size of the first load, which is bounded.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const DIST = new URL('../dist', import.meta.url).pathname;
const FIRST_LOAD_BYTES_MAX = 80 * 1024;

function* filesOf(directory) {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) yield* filesOf(path);
    else if (!/\.(gz|br)$/.test(name)) yield path;
  }
}

let total = 0;
for (const path of filesOf(DIST)) {
  const bytes = readFileSync(path);
  const gz = gzipSync(bytes, { level: 9 });
  writeFileSync(`${path}.gz`, gz);
  writeFileSync(`${path}.br`, brotliCompressSync(bytes));
  total += gz.length;
  console.log(`${String(gz.length).padStart(7)} bytes of gzip  ${relative(DIST, path)}`);
}
console.log(`first load: ${(total / 1024).toFixed(1)} KB compressed, at most ${FIRST_LOAD_BYTES_MAX / 1024} KB`);
if (total > FIRST_LOAD_BYTES_MAX) process.exit(1);
