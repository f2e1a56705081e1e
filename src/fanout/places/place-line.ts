import type { FanoutContext, Stalled } from '../context.ts';
import type { Sink } from '../fanout.ts';

/** Something that is written as soon as the connection reads. */
export interface Writer {
  /** Writes what it has, as far as {@link PlaceLine.writable} says. */
  drained(now: number): void;
}

/** The socket of one connection as its watched places share it. */
export class PlaceLine implements Stalled {
  readonly #sink: Sink;
  readonly #context: FanoutContext;
  readonly #writers: () => Iterable<Writer>;
  #stalled = false;
  #closed = false;

  constructor(sink: Sink, context: FanoutContext, writers: () => Iterable<Writer>) {
    this.#sink = sink;
    this.#context = context;
    this.#writers = writers;
  }

  /** Whether the peer reads. If not, the writers are asked again later. */
  writable(now: number): boolean {
    if (this.#closed) return false;
    if (this.#room()) return true;
    if (!this.#stalled) {
      this.#stalled = true;
      this.#context.stalls.add(this, now);
    }
    return false;
  }

  write(frame: string | Buffer): void {
    try {
      this.#sink.send(frame);
    } catch (err) {
      this.#context.log.error({ err }, 'a frame of a place could not be written');
    }
    this.#context.meter.frames += 1;
  }

  lookAgain(now: number): void {
    this.#stalled = false;
    this.drained(now);
  }

  drained(now: number): void {
    if (this.#closed) return;
    for (const writer of [...this.#writers()]) writer.drained(now);
  }

  close(): void {
    this.#closed = true;
  }

  #room(): boolean {
    try {
      return this.#sink.buffered <= this.#context.tuning.bufferLimit;
    } catch (err) {
      this.#context.log.error({ err }, 'socket threw when asked how much it holds');
      return false;
    }
  }
}
