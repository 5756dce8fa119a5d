// SPDX-License-Identifier: Apache-2.0
// The server's time. The browser's clock may be wrong by hours; only its steady count of milliseconds is used.

export class ServerClock {
  private offset = 0;

  /** An answer came: its Date header, asked for and received at these steady times. */
  learn(date: string | null, askedMs: number, receivedMs: number): void {
    const at = date === null ? Number.NaN : Date.parse(date);
    // The header is cut to the second: half of one is what it lacks in the mean.
    if (!Number.isNaN(at)) this.set(at + 500, (askedMs + receivedMs) / 2);
  }

  set(serverMs: number, steadyMs: number): void {
    this.offset = serverMs - steadyMs;
  }

  now(steadyMs: number): number {
    return this.offset + steadyMs;
  }
}
