// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vite';
import { standIn } from './scripts/stand-in.mjs';

/** `npm run dev`: the API of a running gateway by its Unix socket, with a stand-in for signing in. */
const unixApi = {
  name: 'unix-api',
  configureServer(server) {
    server.middlewares.use(standIn(process.env.TOCSIN_SOCKET ?? '/run/tocsin/console.sock'));
  },
};

export default defineConfig({
  plugins: [unixApi],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  worker: { format: 'es' },
  build: { target: 'es2022', manifest: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
});
