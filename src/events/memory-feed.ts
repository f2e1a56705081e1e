import { type LogEntry, lastTold, PLACE_LOG_BYTES } from '../store/log-entry.ts';
import type { EventFeed, FeedListener, Replay, Signal } from './feed.ts';
import { Listeners } from './listeners.ts';
import { MemoryLog } from './memory-log.ts';
import { decodeWatermark, fingerprint, type Reached, watermarkOf } from './watermark.ts';

export interface MemoryFeedOptions {
  readonly partitions: number;
  /** Of this process alone: its log ends with it. */
  readonly generation: string;
  readonly eventLogSeconds: number;
  /** Entries, over all partitions. */
  readonly eventLogMax: number;
  /** Of what happens in places; absent: {@link PLACE_LOG_BYTES}. */
  readonly placeLogBytes?: number;
  /** Called with an error that a listener threw, which breaks its contract. */
  readonly onError: (error: unknown) => void;
}

/** The feed beside the memory store: entries are delivered at once, in order, without gaps. */
export class MemoryFeed implements EventFeed {
  readonly connected = true;
  readonly isSettling = false;
  readonly partitions: number;
  readonly #generation: string;
  readonly #listeners: Listeners;
  readonly #logs: readonly MemoryLog[];
  readonly #reached: (Reached | undefined)[];

  constructor(options: MemoryFeedOptions) {
    const { partitions, generation, eventLogSeconds, eventLogMax, onError } = options;
    this.partitions = partitions;
    this.#generation = generation;
    this.#listeners = new Listeners(onError);
    const log = {
      keepSeconds: eventLogSeconds,
      keepEntries: Math.ceil(eventLogMax / partitions),
      keepPlaceBytes: Math.ceil((options.placeLogBytes ?? PLACE_LOG_BYTES) / partitions),
    };
    this.#logs = Array.from({ length: partitions }, () => new MemoryLog(log));
    this.#reached = new Array<undefined>(partitions).fill(undefined);
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  subscribe(listener: FeedListener): () => void {
    return this.#listeners.add(listener);
  }

  expect(partition: number, _gen: string, _last: number, clock: number): void {
    this.#reach(partition, clock);
    this.#log(partition).trim(clock);
  }

  async signal(signal: Signal): Promise<void> {
    this.#listeners.signal(signal);
  }

  watermark(atMost?: number): string | undefined {
    return watermarkOf(this.#reached, atMost);
  }

  async replay(watermark: string, hasPlaces = false): Promise<Replay | undefined> {
    const { clock, data } = decodeWatermark(watermark);
    const gens = this.#logs.map(() => this.#generation);
    const isOurs = data === fingerprint(gens) && this.#reached.every((to) => (to?.through ?? 0) >= clock);
    if (!isOurs || !this.#logs.every((log) => log.holds(clock, hasPlaces))) return undefined;
    return { from: clock, entries: async (partition, after) => this.#log(partition).after(after, hasPlaces) };
  }

  publish(partition: number, entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    const log = this.#log(partition);
    log.append(entries);
    this.#reach(partition, lastTold(entries));
    for (const entry of entries) this.#listeners.deliver(partition, entry);
  }

  #reach(partition: number, clock: number): void {
    const through = Math.max(clock, this.#reached[partition]?.through ?? 0);
    if (through === 0) return;
    this.#reached[partition] = { gen: this.#generation, through };
  }

  #log(partition: number): MemoryLog {
    const log = this.#logs[partition];
    if (!log) throw new RangeError(`there is no partition ${partition}`);
    return log;
  }
}
