// SPDX-License-Identifier: Apache-2.0
// The feed in a shared worker: one line for all pages of this browser.
import { Feed } from './feed';
import { LEAVE, type FeedMessage } from './messages';

const TICK_MS = 1000;

interface ConnectEvent extends Event {
  ports: readonly MessagePort[];
}

const ports = new Set<MessagePort>();
const tell = (message: FeedMessage) => ports.forEach((port) => port.postMessage(message));
const feed = new Feed(tell);

self.addEventListener('connect', (event) => {
  const port = (event as ConnectEvent).ports[0];
  if (port === undefined) return;
  port.onmessage = ({ data }) => {
    if (data === LEAVE) {
      ports.delete(port);
      return;
    }
    ports.add(port);
    feed.signedIn();
    feed.greet();
  };
});

setInterval(() => tell({ kind: 'tick' }), TICK_MS);

void feed.run();
