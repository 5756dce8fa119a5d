// SPDX-License-Identifier: Apache-2.0
// A call that reaches a phone while no page is open: what its service worker shows, and that the gateway hears of it.
// The push service between the two is acted by the debugger; tests/e2e/test_push.py has one that is real.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './scene.mjs';
import { stage } from './stage.mjs';

const set = stage();

/** Hand a message to the service worker of the page, as a push service would. */
async function deliver(page, message) {
  const debug = await page.context().newCDPSession(page);
  const found = new Promise((done) => {
    debug.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      if (registrations.length > 0) done(registrations[0].registrationId);
    });
  });
  await debug.send('ServiceWorker.enable');
  const data = typeof message === 'string' ? message : JSON.stringify(message);
  await debug.send('ServiceWorker.deliverPushMessage', { origin: set.scene.url, registrationId: await found, data });
}

const shown = (page) =>
  page.evaluate(async () => {
    const worker = await navigator.serviceWorker.getRegistration();
    return (await worker.getNotifications()).map(({ title, body, tag, lang, data, requireInteraction }) => ({
      title, body, tag, lang, data, requireInteraction,
    }));
  });

async function withPhone(body) {
  await set.withPage({ lang: 'en' }, async (page) => {
    await page.context().grantPermissions(['notifications'], { origin: set.scene.url });
    await until(() => page.evaluate(() => navigator.serviceWorker.controller?.state === 'activated'), 'the service worker');
    await body(page);
  });
}

const CALL = { token: 'a'.repeat(22), title: 'Day-care room', body: 'Day-care room: emergency call', lang: 'en', priority: 'emergency',
  alarm: 'emergency_call/care/day-care/button-1' };

test('a call is shown with its words until somebody looks, and the gateway is told that it was heard', () =>
  withPhone(async (page) => {
    const receipts = [];
    page.context().on('request', (request) => {
      if (request.url().endsWith('/api/v1/push/receipts')) receipts.push(request.postDataJSON());
    });
    await deliver(page, CALL);
    const [call] = await until(async () => {
      const all = await shown(page);
      return all.length > 0 && all;
    }, 'the notification');
    assert.deepEqual(call, { title: CALL.title, body: CALL.body, tag: CALL.alarm, lang: 'en', data: `/alarm/${CALL.alarm}`, requireInteraction: true });
    await deliver(page, { ...CALL, body: 'It calls again' });
    await until(async () => (await shown(page)).map(({ body }) => body).join() === 'It calls again', 'one notification for one alarm');
    await until(() => receipts.length >= 2, 'the receipts');
    assert.ok(receipts.every(({ token }) => token === CALL.token), JSON.stringify(receipts));
  }));

test('what cannot be read is shown all the same, for a browser ends a phone that stays silent', () =>
  withPhone(async (page) => {
    await deliver(page, 'no JSON at all');
    await until(async () => (await shown(page)).some(({ title }) => title === 'Tocsin 守望'), 'the notification');
  }));

test('the page of this phone says whether it is called, and whose phones can be reached', () =>
  set.withPage({ path: '/phone' }, async (page) => {
    await page.getByRole('heading', { name: '本机通知' }).waitFor();
    await page.getByRole('status').getByText(/本机不会收到通知|无法接收通知/).waitFor();
    await page.getByText('没有。').waitFor();
  }));
