// SPDX-License-Identifier: Apache-2.0
// Whether this phone is called while no page is open (Web Push). The browser asks its owner; the gateway keeps the
// address and calls it; service/push.ts hears the call.
import { api } from '../api';
import { currentLanguage } from '../words';

/** `never`: this browser cannot, or its owner has said no to it. */
export type Calls = 'on' | 'off' | 'never';

const canBeCalled = () => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;

/** Null where the worker was refused: over a certificate that the browser does not know. */
async function manager(): Promise<PushManager | null> {
  return (await navigator.serviceWorker.getRegistration())?.pushManager ?? null;
}

export async function calls(): Promise<Calls> {
  if (!canBeCalled() || Notification.permission === 'denied') return 'never';
  const push = await manager();
  if (push === null) return 'never';
  return Notification.permission === 'granted' && (await push.getSubscription()) !== null ? 'on' : 'off';
}

const bytesOf = (key: string) =>
  Uint8Array.from(atob(key.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));

/** The gateway may have got another key since: what was made for the old one is of no use. */
async function subscribe(push: PushManager, key: string): Promise<PushSubscription> {
  const wanted = bytesOf(key);
  const had = await push.getSubscription();
  const hadKey = had?.options.applicationServerKey;
  const isSame = hadKey != null && new Uint8Array(hadKey).every((byte, at) => byte === wanted[at]);
  if (had !== null && isSame) return had;
  await had?.unsubscribe();
  return push.subscribe({ userVisibleOnly: true, applicationServerKey: wanted });
}

/** From a press only: browsers ask nobody else. False when the owner says no. */
export async function callThisPhone(): Promise<boolean> {
  if ((await Notification.requestPermission()) !== 'granted') return false;
  await keepCalling();
  return true;
}

/** At each start of the app: says it to the gateway once more, which may have lost it. */
export async function keepCalling(): Promise<void> {
  const push = canBeCalled() && Notification.permission === 'granted' ? await manager() : null;
  if (push === null) return;
  const { key } = await api<{ key: string }>('GET', '/api/v1/push/key');
  const made = await subscribe(push, key);
  await api('POST', '/api/v1/push/subscriptions', { ...made.toJSON(), lang: currentLanguage() === 'en' ? 'en' : 'zh' });
}

/** Whoever signs out here is called here no more. */
export async function callNoMore(): Promise<void> {
  const had = canBeCalled() ? await (await manager())?.getSubscription() : null;
  if (had == null) return;
  await api('DELETE', `/api/v1/push/subscriptions?endpoint=${encodeURIComponent(had.endpoint)}`).catch(() => undefined);
  await had.unsubscribe();
}
