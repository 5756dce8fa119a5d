// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vite';

/** `npm run dev`: the API of a running gateway. */
const target = process.env.TOCSIN_CONSOLE ?? 'https://127.0.0.1:8080';

export default defineConfig({
  server: { proxy: { '/api': { target, secure: false } } },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  worker: { format: 'es' },
  build: { target: 'es2022', manifest: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
});
