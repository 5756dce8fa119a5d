// SPDX-License-Identifier: Apache-2.0
// What a page knows: the table, the server's time, and since when there is no contact.
import { keepContact, keepTable } from '../offline/snapshot';
import { checkVersion } from '../offline/version';
import { ServerClock } from './clock';
import { Feed } from './feed';
import { LEAVE, WAKE, type Call, type FeedMessage, type LiveTable } from './messages';
import { changedTable } from './table';

/** The server speaks every 5 to 6 s; silence of this length is no contact. The promise is 10 s. */
export const CONTACT_MAX_MS = 8000;

/** The shared worker speaks every second once its script has come. */
const FIRST_WORD_MAX_MS = CONTACT_MAX_MS;

/** Calls that wait to be confirmed; older ones are over by then. */
const CALLS_MAX = 32;

type Listener = () => void;

class Link {
  table: LiveTable | null = null;
  private readonly clock = new ServerClock();
  private readonly listeners = new Set<Listener>();
  private calls: Call[] = [];
  private contactMs: number | null = null;
  private startedMs = 0;
  private send: ((message: string) => void) | null = null;
  private onSignedOut: Listener = () => {};

  /** Begin, or go on after somebody has signed in. */
  start(onSignedOut: Listener): void {
    this.onSignedOut = onSignedOut;
    this.startedMs = performance.now();
    this.contactMs = null;
    if (this.send === null) this.send = this.open();
    else this.send(WAKE);
  }

  subscribe(listener: Listener): Listener {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The calls that came since this was last asked. */
  takeCalls(): Call[] {
    const calls = this.calls;
    this.calls = [];
    return calls;
  }

  serverNow(): number {
    return this.clock.now(performance.now());
  }

  /** How long ago the server last said that the engine is there. */
  silenceMs(): number {
    return performance.now() - (this.contactMs ?? this.startedMs);
  }

  isOutOfContact(): boolean {
    return this.silenceMs() > CONTACT_MAX_MS;
  }

  /** The server's time of the last contact, if there was one. */
  lastContact(): number | null {
    return this.contactMs === null ? null : this.clock.now(this.contactMs);
  }

  private open(): (message: string) => void {
    return 'SharedWorker' in window ? this.openShared() : this.openOwn();
  }

  /** One line for all pages of this browser. Where the worker's script does not come, this page gets one of its own. */
  private openShared(): (message: string) => void {
    const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    const send = (message: string) => worker.port.postMessage(message);
    const giveUp = () => {
      clearTimeout(patience);
      worker.onerror = null;
      send(LEAVE);
      worker.port.close();
      this.send = this.openOwn();
    };
    const patience = setTimeout(giveUp, FIRST_WORD_MAX_MS);
    worker.onerror = giveUp;
    worker.port.onmessage = ({ data }: MessageEvent<FeedMessage>) => {
      clearTimeout(patience);
      this.take(data);
    };
    send(WAKE);
    addEventListener('pagehide', () => send(LEAVE));
    addEventListener('pageshow', (event) => event.persisted && send(WAKE));
    return send;
  }

  private openOwn(): (message: string) => void {
    const feed = new Feed((message) => this.take(message));
    void feed.run();
    return () => feed.signedIn();
  }

  private take(message: FeedMessage): void {
    if (message.kind === 'table') {
      this.clock.set(message.serverMs, performance.now());
      this.table = message.table;
      keepTable(this.table);
    } else if (message.kind === 'change') {
      // A page that has no table yet is about to be told all of it.
      if (this.table === null) return;
      this.clock.set(message.serverMs, performance.now());
      this.table = changedTable(this.table, message.change);
      keepTable(this.table);
    } else if (message.kind === 'called') {
      this.calls = [...this.calls, message.call].slice(-CALLS_MAX);
    } else if (message.kind === 'beat') {
      // There is one with each event: only the first after a silence changes what is shown before the next tick.
      const wasLost = this.isOutOfContact();
      this.clock.set(message.serverMs, performance.now());
      if (message.contact) {
        this.contactMs = performance.now();
        keepContact(message.serverMs);
      }
      if (!wasLost) return;
    } else if (message.kind === 'connected') {
      // Who was away may be another version now.
      checkVersion();
    } else if (message.kind === 'signed-out') {
      this.table = null;
      this.onSignedOut();
    }
    this.listeners.forEach((listener) => listener());
  }
}

export const link = new Link();
