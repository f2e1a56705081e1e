import type { Logger } from 'pino';
import type { Metrics } from '../observability/metrics.ts';
import type { LogEntry } from '../store/log-entry.ts';
import type { Listeners } from './listeners.ts';
import type { Message } from './log-codec.ts';

export interface PartitionFeedOptions {
  readonly partition: number;
  readonly listeners: Listeners;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Reads the log after an id; resolves with whether the id was still there. */
  readonly read: (after: number, onEntries: (entries: LogEntry[]) => void) => Promise<boolean>;
}

/** Messages kept while the log is read; beyond, the log is simply read further. */
const MAX_WAITING = 1000;

/**
 * The order of one partition. Every message names the log id before it: one that fits is delivered, an older one was
 * delivered already, a later one shows a gap, which is read from the log before anything newer goes out.
 */
export class PartitionFeed {
  readonly #options: PartitionFeedOptions;
  #gen: string | undefined;
  /** Log id delivered last; -1 until the first heartbeat or message tells where to begin. */
  #last = -1;
  #repairing = false;
  #waiting: Message[] = [];

  constructor(options: PartitionFeedOptions) {
    this.#options = options;
  }

  receive(message: Message): void {
    if (this.#repairing) {
      if (this.#waiting.length < MAX_WAITING) this.#waiting.push(message);
      return;
    }
    if (this.#gen !== undefined && message.gen !== this.#gen) this.#startOver(message.gen, message.before);
    this.#gen = message.gen;
    if (this.#last < 0) this.#last = message.before;
    if (message.last <= this.#last) return;
    if (message.before > this.#last) {
      this.#waiting.push(message);
      this.repair();
      return;
    }
    if (message.before < this.#last) this.#startOver(message.gen, message.before);
    this.#deliver(message.entries);
    this.#last = message.last;
  }

  /** What a heartbeat told. @returns whether this feed is behind it. */
  expect(gen: string, last: number): boolean {
    if (this.#gen === undefined || this.#last < 0) {
      this.#gen = gen;
      this.#last = Math.max(this.#last, last);
      return false;
    }
    if (gen !== this.#gen) {
      this.#startOver(gen, last);
      return false;
    }
    return this.isBehind(last);
  }

  isBehind(last: number): boolean {
    return this.#last < last;
  }

  /** Reads what is missing from the log. When that fails, the next message or heartbeat tries again. */
  repair(): void {
    if (this.#repairing) return;
    this.#repairing = true;
    void this.#repair();
  }

  async #repair(): Promise<void> {
    const { read, metrics, logger, partition } = this.#options;
    const gen = this.#gen;
    try {
      const whole = await read(this.#last, (entries) => {
        if (gen !== this.#gen) return;
        this.#deliver(entries);
        this.#last = entries.at(-1)?.id ?? this.#last;
      });
      metrics.gapsRepaired.inc();
      if (!whole && gen === this.#gen) this.#reset();
    } catch (error) {
      logger.warn({ err: error, partition }, 'could not read the log');
      // What waited would only ask for the log again at once; the next heartbeat does.
      this.#waiting = [];
    }
    this.#repairing = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    // Those that still do not fit show the next gap.
    for (const message of waiting) this.receive(message);
  }

  #deliver(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#options.listeners.deliver(this.#options.partition, entry);
  }

  /** The data is not what it was: positions begin anew, and whoever derived something must read it again. */
  #startOver(gen: string, last: number): void {
    this.#gen = gen;
    this.#last = last;
    this.#reset();
  }

  #reset(): void {
    this.#options.metrics.resyncs.inc();
    this.#options.listeners.reset(this.#options.partition);
  }
}
