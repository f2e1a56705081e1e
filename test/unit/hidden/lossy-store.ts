import type { View } from '../../../src/domain/model.ts';
import { MemoryFeed } from '../../../src/events/memory-feed.ts';
import { READS } from '../../../src/node/trusted-reads.ts';
import { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import {
  type Batch,
  type Beat,
  type BeatReply,
  type PresenceStore,
  StoreError,
} from '../../../src/store/presence-store.ts';
import type { StoreOptions } from '../../../src/store/store-options.ts';

export interface Lossy {
  readonly store: PresenceStore;
  readonly feed: MemoryFeed;
  /** Everything stored is gone; the next heartbeat of each partition finds out. */
  lose(): void;
  /** What is written from now on takes effect, and is answered, only then. */
  late(ms: number): void;
}

/** A feed that tells of a loss, as one that reads a log does. */
class LossyFeed extends MemoryFeed {
  readonly #resets = new Set<(partition: number) => void>();

  override subscribe(listener: Parameters<MemoryFeed['subscribe']>[0]): () => void {
    const reset = (partition: number): void => listener.reset?.(partition);
    this.#resets.add(reset);
    const unsubscribe = super.subscribe(listener);
    return () => {
      this.#resets.delete(reset);
      unsubscribe();
    };
  }

  reset(partition: number): void {
    for (const tell of [...this.#resets]) tell(partition);
  }
}

const LOOK_MS = 101;

/** The memory store, which cannot lose anything, behind what nodes notice of a store that did. */
export const lossyStore = (options: StoreOptions & { readonly micros: () => number }): Lossy => {
  const feed = new LossyFeed({
    partitions: options.partitions,
    generation: 'one',
    eventLogSeconds: 1_000_000,
    eventLogMax: 100_000,
    onError: (error) => {
      throw error;
    },
  });
  const fresh = (): MemoryStore =>
    new MemoryStore({ ...options, publish: (partition, entries) => feed.publish(partition, entries) });
  let inner = fresh();
  let serial = 0;
  let youngUntil = 0;
  let lateUntil = 0;
  let noticed = Promise.resolve();
  let notice = (): void => undefined;
  const more: Partial<PresenceStore> = {
    async beat(partition: number, beat: Beat): Promise<BeatReply> {
      const gen = `g${serial}`;
      const lost = beat.gen !== undefined && beat.gen !== gen;
      if (lost) {
        youngUntil = performance.now() + 517;
        queueMicrotask(() => feed.reset(partition));
        notice();
      }
      return { ...(await inner.beat(partition)), gen, lost, young: isYoung() };
    },
    async apply(partition: number, batch: Batch) {
      const wait = lateUntil - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      // Found out by a heartbeat alone: whose batch finds out first is nothing that anybody hides.
      await noticed;
      return batch.gen === `g${serial}` ? inner.apply(partition, batch) : { result: 'lost' as const };
    },
    // A store that holds still after a loss takes nobody for gone before their nodes had time to tell of them.
    async restore(tenant: string, known: readonly View[]): Promise<void> {
      while (isYoung()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      await inner.restore(tenant, known);
    },
  };
  const isYoung = (): boolean => performance.now() < youngUntil;
  const refuse = (): Promise<never> => Promise.reject(new StoreError('unavailable', 'young'));
  const store = new Proxy({} as PresenceStore, {
    get: (_none, name) => {
      const own = more[name as keyof PresenceStore];
      if (own !== undefined) return own;
      if (READS.has(String(name)) && isYoung()) return refuse;
      const value: unknown = Reflect.get(inner, name);
      return typeof value === 'function' ? value.bind(inner) : value;
    },
  });
  const lose = (): void => {
    serial += 1;
    noticed = new Promise((resolve) => {
      notice = resolve;
    });
    youngUntil = Number.POSITIVE_INFINITY;
    inner = fresh();
  };
  const late = (ms: number): void => {
    lateUntil = performance.now() + ms;
  };
  return { store, feed, lose, late };
};
