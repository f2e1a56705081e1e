import type { FanoutContext, Windowed } from '../context.ts';
import { FrameBuilder } from '../frame-builder.ts';
import type { CachedUser } from '../views/cached-user.ts';
import { ChangeList } from './change-list.ts';

/** A connection that watches a whole tenant. */
export interface StreamReader {
  /** Sequence number up to which it was sent everything. */
  readonly cursor: number;
  /** Takes what it was not sent yet, if its socket and its window allow. */
  pull(now: number): void;
  /** The tenant grew too large to be watched: the watch is over. */
  outgrown(): void;
  /** Everything of a user was forgotten. @param frame - says that they are gone. */
  userForgotten(id: string, frame: string): void;
}

/** A frame with the changes after `from` up to `to`, the same for every connection that is as far as `from`. */
export interface StreamPart {
  readonly from: number;
  readonly to: number;
  readonly frame: Buffer;
  /** Views a newer one took the place of before they were sent. */
  readonly conflated: number;
}

/** Connections are as far as one another but for a few that read slowly: their frames are not worth keeping. */
const PARTS_KEPT = 4;

/**
 * The changes of one tenant on their way to everybody who watches it. All of them share one window, so all get the
 * same frames, and each is put together once.
 */
export class TenantStream implements Windowed {
  readonly readers = new Set<StreamReader>();
  readonly #context: FanoutContext;
  readonly #changes = new ChangeList();
  readonly #delivered: (upTo: number) => void;
  #parts: StreamPart[] = [];
  #inWindow = false;
  #again = false;

  /** @param delivered - called after each round with the last change up to which every reader was sent everything. */
  constructor(context: FanoutContext, delivered: (upTo: number) => void) {
    this.#context = context;
    this.#delivered = delivered;
  }

  get head(): number {
    return this.#changes.head;
  }

  get inWindow(): boolean {
    return this.#inWindow;
  }

  touch(user: CachedUser): void {
    this.#changes.touch(user);
    this.#parts.length = 0;
  }

  /** Everything of a user was forgotten: what was sent of them, or still is to be, no longer counts. */
  drop(user: CachedUser): void {
    this.#changes.drop(user);
    this.#parts.length = 0;
  }

  /** The user who changed first after a sequence number; the rest follows by `newer`. */
  after(seq: number): CachedUser | undefined {
    return this.#changes.after(seq);
  }

  /** Forgets the place of changes that everybody was sent. */
  forget(upTo: number, out: (user: CachedUser) => void): void {
    this.#changes.deliveredUpTo(upTo, out);
  }

  /** Reports again how far all readers are, when that could not be used before. */
  tell(): void {
    let slowest = this.head;
    for (const { cursor } of this.readers) if (cursor < slowest) slowest = cursor;
    this.#delivered(slowest);
  }

  /** Something is to be sent: at once, or when the window ends. */
  wake(now: number): void {
    if (this.readers.size === 0) return;
    if (this.#inWindow) this.#again = true;
    else this.#round(now);
  }

  windowEnded(now: number): void {
    this.#inWindow = false;
    this.#parts.length = 0;
    if (this.#again) this.wake(now);
  }

  /** The next frame for readers that are as far as `from`; the caller made sure that there is something after it. */
  part(from: number, now: number): StreamPart {
    for (const part of this.#parts) if (part.from === from) return part;
    const builder = new FrameBuilder(this.#context);
    let user = this.after(from);
    let to = from;
    for (; user !== undefined && !builder.full; user = user.newer) {
      builder.add(user);
      to = user.seq;
    }
    if (user === undefined) to = this.head;
    const { records } = builder;
    const frame = this.#context.encoder.changes(records, now);
    const part = { from, to, frame, conflated: to - from - records.length };
    if (this.#parts.length === PARTS_KEPT) this.#parts.shift();
    this.#parts.push(part);
    return part;
  }

  #round(now: number): void {
    this.#again = false;
    if (this.#context.windowMs > 0) {
      this.#inWindow = true;
      this.#context.windows.add(this, now);
    }
    let slowest = this.head;
    for (const reader of this.readers) {
      reader.pull(now);
      if (reader.cursor < slowest) slowest = reader.cursor;
    }
    // Without windows the next change makes these useless at once.
    if (!this.#inWindow) this.#parts.length = 0;
    this.#delivered(slowest);
  }
}
