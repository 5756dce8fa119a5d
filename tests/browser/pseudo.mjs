// SPDX-License-Identifier: Apache-2.0
// A language that nobody speaks, made of the English of the app: each phrase 40 % longer, with accents, in brackets. What
// is written without brackets was never translated, and where there is room for it there is room for other languages.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './scene.mjs';

const CONSOLE = join(ROOT, 'dashboards/console');
const LONGER = 1.4;
const ACCENTS = { a: 'áá', e: 'éé', i: 'íí', o: 'óó', u: 'úú', y: 'ý', c: 'ç', n: 'ñ', s: 'š', z: 'ž', A: 'Á', E: 'É', I: 'Í', O: 'Ó', U: 'Ú' };
const FILLING = ' łóñğ ẅóřðš';

/** "Sign in" is "⟦Šííğñ ííñ łó⟧"; what stands for a value stays as it is. */
export function pseudo(text) {
  const parts = text.split(/(\{\w+\})/);
  const said = parts.map((part) => (part.startsWith('{') ? part : part.replace(/[a-zA-Z]/g, (letter) => ACCENTS[letter] ?? letter)));
  const wanted = Math.ceil(LONGER * text.length) - said.join('').length;
  const filling = wanted > 0 ? FILLING.repeat(Math.ceil(wanted / FILLING.length)).slice(0, wanted) : '';
  return `⟦${said.join('')}${filling}⟧`;
}

const inPseudo = (phrase) =>
  typeof phrase === 'string' ? pseudo(phrase) : Object.fromEntries(Object.entries(phrase).map(([rule, text]) => [rule, pseudo(text)]));

/** The app in that language in place of English, in `directory`. */
export async function buildPseudo(directory) {
  const require = createRequire(join(CONSOLE, 'package.json'));
  const { build } = await import(pathToFileURL(join(require.resolve('vite/package.json'), '../dist/node/index.js')).href);
  const words = {
    name: 'pseudo',
    enforce: 'pre',
    load(id) {
      if (!id.endsWith('/en.json')) return null;
      const phrases = Object.entries(JSON.parse(readFileSync(id, 'utf8')));
      return JSON.stringify(Object.fromEntries(phrases.map(([key, phrase]) => [key, inPseudo(phrase)])));
    },
  };
  await build({
    root: CONSOLE,
    configFile: join(CONSOLE, 'vite.config.js'),
    logLevel: 'error',
    plugins: [words],
    build: { outDir: directory, emptyOutDir: true, minify: false },
  });
}
