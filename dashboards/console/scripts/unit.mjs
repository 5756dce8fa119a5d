// SPDX-License-Identifier: Apache-2.0
// Bundles test/*.test.ts and runs them with node's own test runner.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const home = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(home, 'node_modules/.unit');
const names = readdirSync(join(home, 'test')).filter((name) => name.endsWith('.test.ts'));
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: names.map((name) => join(home, 'test', name)),
  outdir,
  bundle: true,
  platform: 'node',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  absWorkingDir: home,
});
const files = names.map((name) => join(outdir, name.replace(/\.ts$/, '.mjs')));
process.exit(spawnSync(process.execPath, ['--test', '--test-reporter=tap', ...files], { stdio: 'inherit', cwd: home }).status ?? 1);
