// SPDX-License-Identifier: Apache-2.0
// After the build: the service worker with the list of what it keeps, a .gz and a .br beside each file of dist/,
// and the size of the first load, which is bounded.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(HOME, 'dist');
const FIRST_LOAD_BYTES_MAX = 80 * 1024;
/** What only an installation asks for. */
const isForInstalling = (name) => name.endsWith('.png') || name.endsWith('.webmanifest');

function* filesOf(directory) {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) yield* filesOf(path);
    else yield relative(DIST, path);
  }
}

/** The files that are fetched when somebody first opens the page they belong to. */
function takeLater() {
  const manifest = JSON.parse(readFileSync(join(DIST, '.vite/manifest.json'), 'utf8'));
  rmSync(join(DIST, '.vite'), { recursive: true });
  const names = (key) => [manifest[key].file, ...(manifest[key].css ?? [])];
  const atOnce = new Set();
  const follow = (key) => {
    for (const name of names(key)) atOnce.add(name);
    for (const each of manifest[key].imports ?? []) follow(each);
  };
  follow('index.html');
  return new Set(Object.keys(manifest).flatMap(names).filter((name) => !atOnce.has(name)));
}

const later = takeLater();
const kept = [...filesOf(DIST)].filter((name) => !isForInstalling(name)).sort();
const version = createHash('sha256');
for (const name of kept) version.update(name).update(readFileSync(join(DIST, name)));
await build({
  entryPoints: [join(HOME, 'service/worker.ts')],
  outfile: join(DIST, 'service-worker.js'),
  bundle: true,
  minify: true,
  define: {
    VERSION: JSON.stringify(version.digest('hex').slice(0, 12)),
    FILES: JSON.stringify(kept.map((name) => `/${name}`)),
  },
});

let total = 0;
for (const name of [...filesOf(DIST)].sort()) {
  const path = join(DIST, name);
  const bytes = readFileSync(path);
  const gz = gzipSync(bytes, { level: 9 });
  writeFileSync(`${path}.gz`, gz);
  writeFileSync(`${path}.br`, brotliCompressSync(bytes));
  const isFirst = !later.has(name) && !isForInstalling(name);
  if (isFirst) total += gz.length;
  console.log(`${String(gz.length).padStart(7)} bytes of gzip  ${name}${isFirst ? '' : '  (later)'}`);
}
console.log(`first load: ${(total / 1024).toFixed(1)} KB compressed, at most ${FIRST_LOAD_BYTES_MAX / 1024} KB`);
if (total > FIRST_LOAD_BYTES_MAX) process.exit(1);
