// SPDX-License-Identifier: Apache-2.0
// The feed in a shared worker: one line for all pages of this browser.
import { Feed } from './feed';
import { WAKE } from './messages';

interface ConnectEvent extends Event {
  ports: readonly MessagePort[];
}

const ports = new Set<MessagePort>();
const feed = new Feed((message) => ports.forEach((port) => port.postMessage(message)));

self.addEventListener('connect', (event) => {
  const port = (event as ConnectEvent).ports[0];
  if (port === undefined) return;
  ports.add(port);
  port.onmessage = ({ data }) => {
    if (data === WAKE) feed.signedIn();
  };
  feed.greet();
});

void feed.run();
