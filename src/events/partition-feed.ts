import type { Logger } from 'pino';
import type { Metrics } from '../observability/metrics.ts';
import { type LogEntry, lastTold } from '../store/log-entry.ts';
import type { Message } from '../store/redis/log-codec.ts';
import type { Listeners } from './listeners.ts';
import type { OnEntries } from './log-reader.ts';
import type { Reached } from './watermark.ts';

export interface PartitionFeedOptions {
  readonly partition: number;
  readonly listeners: Listeners;
  readonly metrics: Pick<Metrics, 'gapsRepaired' | 'resyncs'>;
  readonly logger: Pick<Logger, 'warn'>;
  /**
   * Reads the log after an id. Resolves with whether nothing can be missing.
   * @param isReplaceable - the entry of that id may have been replaced by a newer one since.
   */
  readonly read: (after: number, onEntries: OnEntries, isReplaceable: boolean) => Promise<boolean>;
}

/** Entries buffered while the log is read; beyond this the log is read further instead. */
const MAX_WAITING = 10_000;

/**
 * The order of one partition. Every message names the log id before it. A message that fits is delivered, an older
 * one was delivered already, and a later one shows a gap, which is read from the log before anything newer is
 * delivered.
 */
export class PartitionFeed {
  readonly #options: PartitionFeedOptions;
  #gen: string | undefined;
  /** The previous generation: its messages may still be in flight when a heartbeat has reported the new one. */
  #leftGen: string | undefined;
  /** Log id delivered last; -1 until the first heartbeat or message shows where to begin. */
  #last = -1;
  /** That entry may be one of which the log keeps only the newest: it is a `changed` of a place, or unknown. */
  #isReplaceable = true;
  /** Highest log id known to exist. */
  #known = -1;
  /**
   * Everything up to this clock (µs) has been delivered, according to heartbeats and to what readers were given. Commands
   * between nodes do not move it: a reader would learn that something happened that no user may see.
   */
  #through = -1;
  /** The newest heartbeat result that the feed has not reached yet. */
  #told: { readonly last: number; readonly clock: number } | undefined;
  #repairing = false;
  #waiting: Message[] = [];
  #waitingEntries = 0;
  /** The buffer overflowed: the log has to be read once more. */
  #overflowed = false;
  /** The log could not be read: no further attempt until the next heartbeat. */
  #unread = false;

  constructor(options: PartitionFeedOptions) {
    this.#options = options;
  }

  get isRepairing(): boolean {
    return this.#repairing;
  }

  /** How far everything has been delivered; `undefined` until the partition has reported. */
  get reached(): Reached | undefined {
    if (this.#gen === undefined || this.#last < 0) return undefined;
    return { gen: this.#gen, through: this.#through };
  }

  receive(message: Message): void {
    if (this.#repairing) {
      this.#keep(message);
      return;
    }
    if (message.gen !== this.#gen) {
      if (message.gen === this.#leftGen) return;
      if (this.#gen !== undefined) this.#startOver(message.gen, message.before);
      this.#gen = message.gen;
    }
    if (this.#last < 0) this.#begin(message.before);
    if (message.last <= this.#last || this.#unread) return;
    if (message.before > this.#last) {
      this.#keep(message);
      this.#known = Math.max(this.#known, message.before);
      this.repair();
      return;
    }
    if (message.before < this.#last) this.#startOver(message.gen, message.before);
    this.#deliver(message.entries, message.last);
  }

  /**
   * Takes the result of a heartbeat. @returns whether this feed is behind it.
   * @param clock - µs: everything recorded after that heartbeat has a greater id.
   */
  expect(gen: string, last: number, clock = last): boolean {
    const isBehind = this.#expect(gen, last);
    this.#told = { last, clock };
    this.#confirm();
    return isBehind;
  }

  #expect(gen: string, last: number): boolean {
    if (this.#gen === undefined || this.#last < 0) {
      this.#gen = gen;
      this.#begin(Math.max(this.#last, last));
      return false;
    }
    if (gen !== this.#gen) {
      this.#startOver(gen, last);
      return false;
    }
    this.#known = Math.max(this.#known, last);
    if (this.#unread) this.repair();
    return this.isBehind(gen, last);
  }

  isBehind(gen: string, last: number): boolean {
    return gen === this.#gen && this.#last < last;
  }

  /** Reads what is missing from the log, if anything. When that fails, the next heartbeat tries again. */
  repair(): void {
    if (this.#repairing || this.#last < 0) return;
    this.#repairing = true;
    void this.#repair();
  }

  async #repair(): Promise<void> {
    const { logger, partition } = this.#options;
    try {
      do {
        this.#overflowed = false;
        await this.#read();
      } while (this.#overflowed);
      this.#unread = false;
    } catch (err) {
      logger.warn({ err, partition }, 'could not read the log; retrying with the next heartbeat');
      // Buffered entries would only trigger another read at once.
      this.#unread = true;
      this.#waiting = [];
    }
    this.#repairing = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingEntries = 0;
    // Entries that still do not fit show the next gap.
    for (const message of waiting) this.receive(message);
  }

  async #read(): Promise<void> {
    const { read, metrics } = this.#options;
    const gen = this.#gen;
    const from = this.#last;
    const isWhole = await read(
      from,
      (entries, upTo) => {
        if (gen === this.#gen) this.#deliver(entries, upTo);
      },
      this.#isReplaceable,
    );
    if (gen !== this.#gen) return;
    if (this.#last > from) metrics.gapsRepaired.inc();
    // A log that holds nothing newer lacks nothing either, even when it was trimmed up to here.
    const isAtEnd = this.#last >= this.#known;
    if (isAtEnd && (isWhole || this.#last === from)) return;
    this.#begin(Math.max(this.#last, this.#known));
    this.#reset();
  }

  #keep(message: Message): void {
    if (this.#waitingEntries < MAX_WAITING) {
      this.#waiting.push(message);
      this.#waitingEntries += message.entries.length;
      return;
    }
    this.#waiting = [];
    this.#waitingEntries = 0;
    this.#overflowed = true;
  }

  #deliver(entries: readonly LogEntry[], upTo: number): void {
    const { listeners, partition } = this.#options;
    // Position first: a listener that reads on from this feed must not get the same entry again.
    this.#last = upTo;
    const last = entries.at(-1);
    this.#isReplaceable = last?.id === upTo && last.kind === 'place' && last.place.change === 'changed';
    this.#through = Math.max(this.#through, lastTold(entries));
    this.#confirm();
    for (const entry of entries) listeners.deliver(partition, entry);
  }

  /** Nothing lay between the last entry that a heartbeat knew and its clock: reaching the entry reaches the clock. */
  #confirm(): void {
    if (this.#told === undefined || this.#last < this.#told.last) return;
    this.#through = Math.max(this.#through, this.#told.clock);
    this.#told = undefined;
  }

  /** The data was replaced: positions start over, and everything derived from it must be read again. */
  #startOver(gen: string, last: number): void {
    if (gen !== this.#gen) this.#leftGen = this.#gen;
    this.#gen = gen;
    this.#known = last;
    this.#through = -1;
    this.#begin(last);
    this.#told = undefined;
    this.#unread = false;
    this.#reset();
  }

  #begin(last: number): void {
    if (last !== this.#last) this.#isReplaceable = true;
    this.#last = last;
    this.#through = Math.max(this.#through, last);
  }

  #reset(): void {
    this.#options.metrics.resyncs.inc();
    this.#options.listeners.reset(this.#options.partition);
  }
}
