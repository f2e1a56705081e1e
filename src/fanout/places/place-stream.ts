import type { FanoutContext, Windowed } from '../context.ts';
import { PlaceFrame } from './place-frame.ts';
import type { PlaceRecord } from './place-record.ts';

/** A connection that follows the changes of a place. */
export interface PlaceStreamReader {
  /** Sequence number up to which it was sent everything. */
  readonly cursor: number;
  /** Takes what it was not sent yet, if its socket allows. */
  pull(now: number): void;
  /** It is too far behind for the changes to be kept: it begins again, with a snapshot. */
  startOver(now: number): void;
}

/** A frame with the changes after `from` up to `to`, the same for every connection that is as far as `from`. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly frame: Buffer;
}

/** Connections are as far as one another but for a few that read slowly: their frames are not worth keeping. */
const PARTS_KEPT = 4;

/**
 * The changes of one place on their way to everybody who watches it by name. All share one window, so all get the same
 * frames, and each is put together once. A person who changes again moves to the end: of what comes faster than it is
 * read the newest is sent.
 */
export class PlaceStream implements Windowed {
  readonly readers = new Set<PlaceStreamReader>();
  /** Sequence number of the newest change. */
  head = 0;
  readonly #place: string;
  readonly #context: FanoutContext;
  /** Who changed and was not sent to everybody yet, in the order of {@link PlaceRecord.seq}. */
  readonly #changed = new Set<PlaceRecord>();
  readonly #most: number;
  #parts: Part[] = [];
  #inWindow = false;
  #again = false;

  /** @param most - changed people who are kept for connections that do not read. */
  constructor(place: string, context: FanoutContext, most: number) {
    this.#place = place;
    this.#context = context;
    this.#most = most;
  }

  touch(record: PlaceRecord): void {
    this.head += 1;
    record.seq = this.head;
    if (this.readers.size === 0) return;
    this.#changed.delete(record);
    this.#changed.add(record);
    this.#parts.length = 0;
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

  /** Who changed after a sequence number. */
  *after(from: number): Iterable<PlaceRecord> {
    for (const record of this.#changed) if (record.seq > from) yield record;
  }

  /** The next frame for readers that are as far as `from`. */
  part(from: number): Part {
    for (const part of this.#parts) if (part.from === from) return part;
    const frame = new PlaceFrame(this.#context.tuning);
    let to = this.head;
    let passed = 0;
    for (const record of this.after(from)) {
      if (frame.full) {
        to = passed;
        break;
      }
      frame.add(record);
      passed = record.seq;
    }
    const part = { from, to, frame: Buffer.from(frame.changes(this.#place)) };
    this.#context.meter.encoded += frame.size;
    this.#context.meter.conflated += Math.max(0, to - from - frame.size);
    if (this.#parts.length === PARTS_KEPT) this.#parts.shift();
    this.#parts.push(part);
    return part;
  }

  leave(reader: PlaceStreamReader): void {
    this.readers.delete(reader);
    if (this.readers.size === 0) this.#changed.clear();
  }

  #round(now: number): void {
    this.#again = false;
    if (this.#context.windowMs > 0) {
      this.#inWindow = true;
      this.#context.windows.add(this, now);
    }
    for (const reader of [...this.readers]) reader.pull(now);
    if (!this.#inWindow) this.#parts.length = 0;
    this.#prune(now);
  }

  /** Forgets what everybody was sent, and lets readers that are too far behind begin again. */
  #prune(now: number): void {
    if (this.#changed.size > this.#most) {
      for (const reader of [...this.readers]) if (reader.cursor < this.head) reader.startOver(now);
    }
    let slowest = this.head;
    for (const { cursor } of this.readers) if (cursor < slowest) slowest = cursor;
    for (const record of this.#changed) {
      if (record.seq > slowest) break;
      this.#changed.delete(record);
    }
  }
}
