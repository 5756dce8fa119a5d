// SPDX-License-Identifier: Apache-2.0
// The console as a browser reaches it: the built app and the API of a gateway at one address, under the content
// policy that the real one has. Signing in is the stand-in's.
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { standIn } from '../../dashboards/console/scripts/stand-in.mjs';
import { ROOT } from './scene.mjs';

export const DIST = join(ROOT, 'dashboards/console/dist');
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** Serve, from `options.dist` if it is given; returns { url, close }. */
export async function serveConsole(socket, options) {
  const api = standIn(socket, options);
  const server = createServer((req, res) => api(req, res, () => serveFile(options?.dist ?? DIST, req, res)));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const close = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

function serveFile(dist, req, res) {
  const path = new URL(req.url, 'http://console').pathname;
  const name = extname(path) === '' ? '/index.html' : path;
  if (!existsSync(join(dist, name))) return res.writeHead(404).end();
  res.writeHead(200, { 'Content-Type': TYPES[extname(name)], 'Content-Security-Policy': POLICY });
  return res.end(readFileSync(join(dist, name)));
}
