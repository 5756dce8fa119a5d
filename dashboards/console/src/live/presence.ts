// SPDX-License-Identifier: Apache-2.0
// The page's own word that somebody can see and hear it, and which calls it has shown. It comes from the painting
// of a frame: a tab that is frozen, hidden or behind a lock screen says nothing, and counts no more after 15 s.
import { api } from '../api';
import { siren } from '../sound/siren';
import { link } from './link';
import type { Call } from './messages';

const ALIVE_MS = 5000;
/** As many as one word may confirm. */
const CALLS_MAX = 32;

class Presence {
  private readonly page = crypto.randomUUID();
  private timer: ReturnType<typeof setInterval> | null = null;
  private calls: Call[] = [];
  private isSaid = false;
  private isPainting = false;

  /** Somebody is signed in on this page. */
  start(): void {
    this.stop();
    this.timer = setInterval(() => this.follow(true), ALIVE_MS);
    this.follow(true);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.calls = [];
    this.isSaid = false;
  }

  /** Look whether there is something to say: calls of alarms that the page has by now, or that it is there. */
  follow = (isDue: boolean): void => {
    if (this.timer === null) return;
    this.calls = [...this.calls, ...link.takeCalls()].slice(-CALLS_MAX);
    if (!this.isSeenAndHeard()) this.leave();
    else if (isDue || !this.isSaid || this.calls.some(isOnPage)) this.sayPainted();
  };

  private isSeenAndHeard(): boolean {
    return document.visibilityState === 'visible' && !siren.isBlocked() && !link.isOutOfContact();
  }

  /** The second frame comes when the first one has been painted. */
  private sayPainted(): void {
    if (this.isPainting) return;
    this.isPainting = true;
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        this.isPainting = false;
        if (this.timer !== null && this.isSeenAndHeard()) void this.say();
      }),
    );
  }

  private async say(): Promise<void> {
    const shown = this.calls.filter(isOnPage);
    this.calls = this.calls.filter((call) => !shown.includes(call));
    this.isSaid = true;
    try {
      await api('POST', '/api/v1/pages', { page: this.page, shown });
    } catch {
      // With the next word: until then the gateway goes on calling.
      this.calls = [...shown, ...this.calls].slice(-CALLS_MAX);
    }
  }

  private leave(): void {
    if (!this.isSaid) return;
    this.isSaid = false;
    void api('POST', '/api/v1/pages', { page: this.page, gone: true }).catch(() => undefined);
  }
}

const isOnPage = (call: Call): boolean => link.table?.alarms.some((alarm) => alarm.alarm === call.alarm) === true;

export const presence = new Presence();
link.subscribe(() => presence.follow(false));
document.addEventListener('visibilitychange', () => presence.follow(false));
