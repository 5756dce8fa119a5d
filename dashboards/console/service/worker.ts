// SPDX-License-Identifier: Apache-2.0
// The service worker: the files of the app, for a phone without a network. It keeps nothing of the API, since what
// a page shows as live comes from the server or not at all. It also hears calls (push.ts).
import { listenForCalls } from './push';

declare const self: ServiceWorkerGlobalScope;
/** Both are put in by scripts/finish.mjs; another version is another worker for the browser. */
declare const VERSION: string;
declare const FILES: string[];

const PREFIX = 'files-';
const CACHE = PREFIX + VERSION;
const NETWORK_MS = 3000;

self.addEventListener('install', (event) => event.waitUntil(fill()));
self.addEventListener('activate', (event) => event.waitUntil(takeOver()));

async function fill(): Promise<void> {
  const cache = await caches.open(CACHE);
  // Only the names of assets change with what is in them.
  const requests = FILES.map((path) => new Request(path, { cache: path.startsWith('/assets/') ? 'default' : 'reload' }));
  await cache.addAll(requests);
  // A version that waited for every page to be closed would wait for ever on a wall.
  await self.skipWaiting();
}

/** The files of the version before stay, for the pages that are still open with it. */
async function takeOver(): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== self.location.origin || pathname.startsWith('/api/')) return;
  event.respondWith(mode === 'navigate' ? page(url) : file(event.request));
});

/** The server's page, which belongs to the newest version; the one that is kept when nobody answers. */
async function page(url: string): Promise<Response> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(NETWORK_MS) });
    if (answer.status < 500) return answer;
  } catch {
    // Without a network, or a server that has stopped: below.
  }
  const cache = await caches.open(CACHE);
  return (await cache.match('/index.html')) ?? Response.error();
}

async function file(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? (await caches.match(request)) ?? fetch(request);
}

listenForCalls();
