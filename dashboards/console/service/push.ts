// SPDX-License-Identifier: Apache-2.0
// A call that reaches this phone while no page is open. The server believes that it has been heard when it gets the
// receipt, and not before: it goes on to the next step after 15 s without one.
declare const self: ServiceWorkerGlobalScope;

/** As the gateway seals it (gateway/uplink/push). */
interface Message {
  token: string;
  title: string;
  body: string;
  lang: string;
  /** RULE/ENTITY; not of a test. */
  alarm?: string;
  priority?: string;
}

const NOTHING: Message = { token: '', title: 'Tocsin 守望', body: '', lang: 'zh' };

/** Shown in every case: a browser ends the subscription of a worker that stays silent (Apple's after three times). */
export function listenForCalls(): void {
  self.addEventListener('push', (event) => event.waitUntil(call(read(event.data))));
  self.addEventListener('notificationclick', (event) => {
    event.notification.close();
    event.waitUntil(open(String(event.notification.data)));
  });
}

function read(data: PushMessageData | null): Message {
  try {
    return { ...NOTHING, ...(data?.json() as Partial<Message>) };
  } catch {
    return NOTHING;
  }
}

async function call(message: Message): Promise<void> {
  const isCall = message.alarm !== undefined;
  await self.registration.showNotification(message.title, {
    body: message.body,
    lang: message.lang === 'en' ? 'en' : 'zh-CN',
    icon: '/icon-192.png',
    tag: message.alarm ?? 'test',
    // An alarm that calls again is heard again.
    renotify: isCall,
    requireInteraction: isCall && message.priority === 'emergency',
    silent: !isCall,
    data: isCall ? `/alarm/${message.alarm}` : '/',
  } as NotificationOptions);
  await receipt(message.token);
}

async function receipt(token: string): Promise<void> {
  if (token === '') return;
  try {
    await fetch('/api/v1/push/receipts', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token }),
    });
  } catch {
    // Without the gateway's network nobody can tell it; it calls somebody else then.
  }
}

async function open(path: string): Promise<void> {
  const pages = await self.clients.matchAll({ type: 'window' });
  for (const page of pages) {
    await page.focus();
    await page.navigate(path);
    return;
  }
  await self.clients.openWindow(path);
}
