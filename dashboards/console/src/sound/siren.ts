// SPDX-License-Identifier: Apache-2.0
// The sound that cannot be missed: bursts after the pattern of its cause, until nobody needs it or it is
// silenced, and never for longer than 120 s.
import type { Alarm } from '../types';

export const SILENCE_S = 120;

export type Cause = 'lost' | 'emergency' | 'urgent' | 'high';

/** Tones in Hz, one after another, and how long until they come again. */
const PATTERNS: Record<Cause, { tones: number[]; everyMs: number }> = {
  lost: { tones: [440, 330], everyMs: 3000 },
  emergency: { tones: [880, 660, 880, 660, 880], everyMs: 1600 },
  urgent: { tones: [740, 740, 740], everyMs: 4000 },
  high: { tones: [587, 587], everyMs: 10_000 },
};
const TONE_S = 0.16;

/** What there is to sound for: no contact, else the highest priority of what waits for somebody to go. */
export function causeOf(isLost: boolean, awaited: Alarm[]): Cause | null {
  if (isLost) return 'lost';
  for (const cause of ['emergency', 'urgent', 'high'] as const) {
    if (awaited.some((alarm) => alarm.priority === cause && !alarm.state.test)) return cause;
  }
  return null;
}

/** When an alarm called last: whoever presses again is not heard under the silence of before. */
const calledAtMs = ({ raised, again }: Alarm): number =>
  Math.max(...[raised, again?.time].map((time) => (time ? Date.parse(time) : 0)));

export class Siren {
  private context: AudioContext | null = null;
  private cause: Cause | null = null;
  private timer: ReturnType<typeof setInterval> | null = null;
  private silentUntilMs = 0;
  private known = new Map<string, number>();

  /** Browsers let a page sound only after a touch or a key. */
  allow = (): void => {
    this.context ??= new AudioContext();
    void this.context.resume();
  };

  isBlocked(): boolean {
    return this.context?.state !== 'running';
  }

  sounds(): boolean {
    return this.cause !== null;
  }

  silence(): void {
    this.silentUntilMs = performance.now() + SILENCE_S * 1000;
  }

  unsilence(): void {
    this.silentUntilMs = 0;
  }

  silentS(): number {
    return Math.max(0, Math.ceil((this.silentUntilMs - performance.now()) / 1000));
  }

  /** Follow what the page knows, and what of it waits for whoever reads it. What calls, or calls once more, breaks the silence. */
  follow(isLost: boolean, awaited: Alarm[]): void {
    const cause = causeOf(isLost, awaited);
    const calls = new Map(awaited.map((alarm) => [alarm.alarm, calledAtMs(alarm)]));
    if ([...calls].some(([id, atMs]) => atMs > (this.known.get(id) ?? -Infinity)) || (isLost && this.cause !== 'lost')) this.unsilence();
    this.known = calls;
    if (cause === this.cause) return;
    this.cause = cause;
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    if (cause === null) return;
    this.burst();
    this.timer = setInterval(() => this.burst(), PATTERNS[cause].everyMs);
  }

  private burst(): void {
    if (this.context === null || this.cause === null || this.silentS() > 0) return;
    PATTERNS[this.cause].tones.forEach((hertz, index) => this.tone(hertz, index * TONE_S * 1.25));
  }

  private tone(hertz: number, afterS: number): void {
    if (this.context === null) return;
    const start = this.context.currentTime + afterS;
    const oscillator = new OscillatorNode(this.context, { type: 'square', frequency: hertz });
    const gain = new GainNode(this.context, { gain: 0.5 });
    oscillator.connect(gain).connect(this.context.destination);
    oscillator.start(start);
    oscillator.stop(start + TONE_S);
  }
}

export const siren = new Siren();
