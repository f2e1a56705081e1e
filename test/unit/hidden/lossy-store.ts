import { MemoryFeed } from '../../../src/events/memory-feed.ts';
import { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import type { Leases } from '../../../src/store/port/leases.ts';
import type { Reports } from '../../../src/store/port/reports.ts';
import { StoreError } from '../../../src/store/port/store-error.ts';
import type { PresenceStore } from '../../../src/store/presence-store.ts';
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
  const isYoung = (): boolean => performance.now() < youngUntil;
  const leases: Leases = {
    async beat(partition, beat) {
      const gen = `g${serial}`;
      const lost = beat.gen !== undefined && beat.gen !== gen;
      if (lost) {
        youngUntil = performance.now() + 517;
        queueMicrotask(() => feed.reset(partition));
        notice();
      }
      return { ...(await inner.leases.beat(partition)), gen, lost, young: isYoung() };
    },
    retire: () => inner.leases.retire(),
    held: (partition, node) => inner.leases.held(partition, node),
  };
  const reports: Reports = {
    async apply(partition, batch) {
      const wait = lateUntil - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      // Found out by a heartbeat alone: whose batch finds out first is nothing that anybody hides.
      await noticed;
      return batch.gen === `g${serial}` ? inner.reports.apply(partition, batch) : { result: 'lost' as const };
    },
    replicated: () => inner.reports.replicated(),
    // A store that holds still after a loss takes nobody for gone before their nodes had time to tell of them.
    async restore(tenant, known) {
      while (isYoung()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      await inner.reports.restore(tenant, known);
    },
  };
  /** A role of the store as it is now, whose calls fail while `mayCall` answers no. */
  const current = <Name extends keyof PresenceStore>(name: Name, mayCall = () => true): PresenceStore[Name] =>
    new Proxy({} as PresenceStore[Name] & object, {
      get: (_none, call) =>
        mayCall()
          ? bound(inner[name] as object, call)
          : () => Promise.reject(new StoreError('unavailable', 'young')),
    });
  const store: PresenceStore = {
    partitions: inner.partitions,
    partitionOf: (owner) => inner.partitionOf(owner),
    leases,
    reports,
    views: current('views', () => !isYoung()),
    groups: current('groups', () => !isYoung()),
    upkeep: current('upkeep'),
    people: current('people'),
    endings: current('endings'),
    places: current('places', () => !isYoung()),
    registry: current('registry'),
    start: () => inner.start(),
    stop: () => inner.stop(),
  };
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

const bound = (role: object, call: string | symbol): unknown => {
  const value: unknown = Reflect.get(role, call);
  return typeof value === 'function' ? value.bind(role) : value;
};
