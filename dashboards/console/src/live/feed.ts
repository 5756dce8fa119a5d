// SPDX-License-Identifier: Apache-2.0
// One line to the server: a snapshot, then the changes, exactly resumed where they were cut off.
import type { Alarm, ConsoleEvent, Engine, Place, Site, Test } from '../types';
import { alarmOf, applyEvent, inOrder, peopleOf, setAside, typeOf } from './alarms';
import { ServerClock } from './clock';
import type { FeedMessage } from './messages';
import { SseReader, type SseMessage } from './sse';

/** The server speaks every 5 s: after this much silence the line is dead, whatever the browser believes. */
const SILENCE_MAX_MS = 8000;
const RETRY_MS = 1000;
/** What was missed comes as fast as the line carries it; what takes longer is left out for a new snapshot. */
const CATCH_UP_MS = 4000;
/** While much happens the pages are told no more often than this. */
const TELL_MS = 100;
const PEOPLE_ROWS = 50;

class SignedOut extends Error {}

export class Feed {
  private readonly clock = new ServerClock();
  private readonly alarms = new Map<string, Alarm>();
  private readonly places = new Map<string, Place>();
  /** Of these alarms the pages have not been told yet. */
  private readonly untold = new Set<string>();
  private site: Site | null = null;
  private tests: Test[] = [];
  private engine: Engine = 'away';
  /** The last event in the table; null: a snapshot is needed. */
  private seq: number | null = null;
  /** The newest event when the line began: until it is in the table, the table is the past. */
  private newestSeq = 0;
  /** How many snapshots there were: what is learned for one before the last is of no use. */
  private snapshots = 0;
  private telling: ReturnType<typeof setTimeout> | null = null;
  private toldMs = -TELL_MS;
  private wake: (() => void) | null = null;

  constructor(private readonly tell: (message: FeedMessage) => void) {}

  /** Never returns: whatever happens, it tries again. */
  async run(): Promise<never> {
    for (;;) {
      try {
        await this.follow();
      } catch (reason) {
        if (reason instanceof SignedOut) {
          this.seq = null;
          this.tell({ kind: 'signed-out' });
          await new Promise<void>((resume) => (this.wake = resume));
          continue;
        }
      }
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }

  signedIn(): void {
    this.wake?.();
    this.wake = null;
  }

  /** What a page that has just opened needs. */
  greet(): void {
    if (this.wake !== null) this.tell({ kind: 'signed-out' });
    else if (this.seq !== null) this.tellTable();
  }

  /** One connection, until it ends. */
  private async follow(): Promise<void> {
    const abort = new AbortController();
    let watchdog = setTimeout(() => abort.abort(), SILENCE_MAX_MS);
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.seq !== null) headers['Last-Event-ID'] = String(this.seq);
    try {
      const answer = await this.ask('/api/v1/stream', { headers, signal: abort.signal });
      const connectedMs = performance.now();
      this.tell({ kind: 'connected' });
      const bytes = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      const reader = new SseReader();
      let hasCaughtUp = false;
      for (;;) {
        const piece = await bytes?.read();
        if (piece === undefined || piece.done) return;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => abort.abort(), SILENCE_MAX_MS);
        for (const message of reader.push(piece.value)) await this.take(message);
        // The table first: the beat uncovers a page, which must not show for a moment what was before.
        if (!hasCaughtUp && !this.isBehind() && this.telling !== null) this.tellTable();
        hasCaughtUp ||= !this.isBehind();
        this.beat();
        if (this.isBehind() && performance.now() - connectedMs > CATCH_UP_MS) this.startAnew('behind');
      }
    } finally {
      clearTimeout(watchdog);
      abort.abort();
    }
  }

  private isBehind(): boolean {
    return this.seq === null || this.seq < this.newestSeq;
  }

  /** Have the next connection take a snapshot. */
  private startAnew(reason: string): never {
    this.seq = null;
    throw new Error(reason);
  }

  private beat(): void {
    const contact = this.engine === 'present' && !this.isBehind();
    this.tell({ kind: 'beat', serverMs: this.clock.now(performance.now()), contact, engine: this.engine });
  }

  private async take(message: SseMessage): Promise<void> {
    const data: unknown = JSON.parse(message.data);
    if (message.event === 'hello') {
      const hello = data as { engine: Engine; newest_seq: number };
      this.engine = hello.engine;
      this.newestSeq = hello.newest_seq;
      // A journal that ends before what we have seen is another journal.
      if (this.seq === null || hello.newest_seq < this.seq) await this.snapshot(hello.newest_seq);
    } else if (message.event === 'engine') {
      const before = this.engine;
      this.engine = (data as { engine: Engine }).engine;
      // What it restored at its start was told by no event.
      if (this.engine === 'present' && before !== 'present' && this.seq !== null) await this.snapshot(this.seq);
    } else if (message.event === 'gap' || message.event === 'resync') {
      this.startAnew(message.event);
    } else {
      this.takeEvent(data as ConsoleEvent, message.id === null ? null : Number(message.id));
    }
  }

  private takeEvent(event: ConsoleEvent, seq: number | null): void {
    if (seq !== null && this.seq !== null) {
      if (seq <= this.seq) return;
      if (seq !== this.seq + 1 || changesTheSite(event)) {
        this.startAnew('resync');
      }
      this.seq = seq;
    }
    const changed = applyEvent(this.alarms, this.places, event);
    if (changed !== null) this.untold.add(changed);
    const alarm = alarmOf(event);
    const { step, run } = event.data;
    if (alarm !== null && step !== undefined && run !== undefined) this.tell({ kind: 'called', call: { alarm, step, run } });
    this.tellSoon();
  }

  /** The present state. It is at least as new as the stream's beginning: what comes twice changes nothing. */
  private async snapshot(seq: number): Promise<void> {
    const [places, alarms] = await Promise.all([
      this.pages<{ places: Place[] } & Site>('/api/v1/places'),
      this.pages<{ alarms: Alarm[]; tests: Test[] }>('/api/v1/alarms'),
    ]);
    this.places.clear();
    this.alarms.clear();
    for (const page of places) {
      this.site = { name: page.name, timezone: page.timezone };
      for (const place of page.places) this.places.set(place.place, place);
    }
    for (const page of alarms) {
      this.tests = page.tests;
      for (const alarm of page.alarms) this.alarms.set(alarm.alarm, alarm);
    }
    this.seq = seq;
    this.tellTable();
    void this.learnPeople(++this.snapshots);
  }

  /**
   * Who goes to each alarm of a snapshot, from the log: one question after the other, behind the table, which waits for
   * none of them. Where one fails, the rest stay as they are: somebody goes.
   */
  private async learnPeople(snapshot: number): Promise<void> {
    for (const { alarm: id } of inOrder(this.alarms.values()).filter(hasMoreToTell)) {
      let known: Alarm | undefined;
      let people: Partial<ReturnType<typeof peopleOf>> = {};
      // An event that came while the answer was on its way may not be in it.
      do {
        known = this.alarms.get(id);
        people = known === undefined ? {} : await this.peopleOf(id).catch(() => ({}));
      } while (known !== this.alarms.get(id) && snapshot === this.snapshots);
      if (snapshot !== this.snapshots || (known !== undefined && people.going === undefined)) return;
      if (known === undefined) continue;
      this.alarms.set(id, { ...known, ...people });
      this.untold.add(id);
      this.tellSoon();
    }
  }

  private async peopleOf(id: string): Promise<ReturnType<typeof peopleOf>> {
    const answer = await this.ask(`/api/v1/events?alarm=${encodeURIComponent(id)}&newest=1&limit=${PEOPLE_ROWS}`);
    const { events } = (await answer.json()) as { events: ConsoleEvent[] };
    return peopleOf(events);
  }

  private async pages<Page extends object>(path: string): Promise<Page[]> {
    const pages: Page[] = [];
    let from: number | null = 0;
    while (from !== null) {
      const answer: Response = await this.ask(`${path}?from=${from}`);
      const page = (await answer.json()) as Page & { next: number | null };
      pages.push(page);
      from = page.next;
    }
    return pages;
  }

  private async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const asked = performance.now();
    const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(SILENCE_MAX_MS), ...init });
    this.clock.learn(answer.headers.get('Date'), asked, performance.now());
    if (answer.status === 401) throw new SignedOut();
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer;
  }

  private tellSoon(): void {
    if (this.telling !== null) return;
    const wait = this.toldMs + TELL_MS - performance.now();
    if (wait <= 0) this.tellChange();
    else this.telling = setTimeout(() => this.tellChange(), wait);
  }

  private told(): void {
    if (this.telling !== null) clearTimeout(this.telling);
    this.telling = null;
    this.toldMs = performance.now();
    this.untold.clear();
  }

  private tellChange(): void {
    const ids = [...this.untold];
    this.told();
    // Without a number a snapshot is on its way, and it is told whole.
    if (this.seq === null) return;
    const alarms = ids.flatMap((id) => this.alarms.get(id) ?? []);
    const gone = ids.filter((id) => !this.alarms.has(id));
    this.tell({ kind: 'change', serverMs: this.clock.now(performance.now()), change: { alarms, gone, seq: this.seq } });
  }

  private tellTable(): void {
    this.told();
    if (this.site === null || this.seq === null) return;
    this.tell({
      kind: 'table',
      serverMs: this.clock.now(performance.now()),
      table: {
        site: this.site,
        places: [...this.places.values()],
        alarms: inOrder(this.alarms.values()),
        aside: setAside(this.alarms.values()),
        tests: this.tests,
        seq: this.seq,
      },
    });
  }
}

/** Somebody has answered it, or it was raised more than once. */
const hasMoreToTell = ({ state, raises = 1 }: Alarm): boolean => state.acked || state.attended || raises > 1;

/** Places, rules or tests are others from here on: the table is taken anew. */
function changesTheSite(event: ConsoleEvent): boolean {
  const type = typeOf(event);
  return type === 'system.config_changed' || type === 'system.started' || type.startsWith('test.');
}
