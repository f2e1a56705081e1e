import type { FanoutContext } from './context.ts';
import { SharedRead } from './tenant/shared-read.ts';

/** It is read again at most so often, ms. */
const EVERY_MS = 1000;

export interface PolledReader<T> {
  /** It is another value than before. */
  changed(of: Polled<T>, now: number): void;
}

export interface PolledOptions<T> {
  readonly read: () => Promise<T>;
  readonly same: (one: T, other: T) => boolean;
  readonly context: FanoutContext;
}

/**
 * A value of the store that many connections watch: read at most once a second, and only after something changed that it
 * may depend on. It costs the same however many people it is made of, and however many watch.
 */
export class Polled<T> {
  readonly readers = new Set<PolledReader<T>>();
  readonly reading: SharedRead;
  /** Connections that watch it, and watches that wait to. */
  interest = 0;
  /** Absent until it was read. */
  value: T | undefined;
  readonly #options: PolledOptions<T>;
  #readAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(options: PolledOptions<T>) {
    this.#options = options;
    this.reading = new SharedRead(() => this.#read(), options.context.timing);
  }

  /** Something changed: it is read again in a while, together with whatever else changes until then. */
  touch(): void {
    if (this.#cancel !== undefined || this.readers.size === 0) return;
    const { timing } = this.#options.context;
    const wait = Math.max(0, this.#readAt + EVERY_MS - timing.now());
    this.#cancel = timing.schedule(() => this.#again(), Math.ceil(wait));
  }

  /** Reads it for a watch that begins. While the store is unreachable, the value known has to do. Rejects as the store does. */
  async fresh(isAway: boolean): Promise<void> {
    if (isAway && this.value !== undefined) return;
    try {
      await this.reading.ask();
    } catch (error) {
      if (this.value === undefined) throw error;
    }
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #again(): void {
    this.#cancel = undefined;
    if (this.readers.size === 0) return;
    this.reading.ask().catch((err: unknown) => {
      this.#options.context.log.warn({ err }, 'a watched number could not be read; trying again');
      this.touch();
    });
  }

  async #read(): Promise<void> {
    const { context, read, same } = this.#options;
    this.#readAt = context.timing.now();
    const value = await read();
    const isNews = this.value === undefined || !same(this.value, value);
    this.value = value;
    if (isNews) for (const reader of [...this.readers]) reader.changed(this, context.timing.now());
  }
}
