import type { FanoutContext, Stalled } from '../context.ts';
import type { Sink } from '../fanout.ts';

/** Writes again when the socket may take more. */
export interface Drained {
  drained(now: number): void;
}

/**
 * The socket of one connection, and whether it is read. By contract a sink never throws. If one does, the others still get
 * theirs, and the feed does not notice.
 */
export class Writer implements Stalled {
  readonly #sink: Sink;
  readonly #context: FanoutContext;
  readonly #owner: Drained;
  #stalled = false;

  constructor(sink: Sink, context: FanoutContext, owner: Drained) {
    this.#sink = sink;
    this.#context = context;
    this.#owner = owner;
  }

  /** Whether the socket may take more. If not, it is looked at again. */
  isReady(now: number): boolean {
    if (this.#hasRoom()) return true;
    if (!this.#stalled) {
      this.#stalled = true;
      this.#context.stalls.add(this, now);
    }
    return false;
  }

  lookAgain(now: number): void {
    this.#stalled = false;
    this.#owner.drained(now);
  }

  /** Writes a frame that counts as one of presence. */
  write(frame: string | Buffer): void {
    this.send(frame);
    this.#context.meter.frames += 1;
  }

  send(frame: string | Buffer): void {
    try {
      this.#sink.send(frame);
    } catch (err) {
      this.#context.log.error({ err }, 'a presence frame could not be written');
    }
  }

  #hasRoom(): boolean {
    try {
      return this.#sink.buffered <= this.#context.tuning.bufferLimit;
    } catch (err) {
      this.#context.log.error({ err }, 'socket threw when asked how much it holds');
      return false;
    }
  }
}
