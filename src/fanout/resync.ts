import type { View } from '../domain/model.ts';
import type { Health } from '../node/membership.ts';
import type { PresenceStore } from '../store/presence-store.ts';
import type { CachedUser } from './cached-user.ts';
import type { FanoutContext } from './context.ts';
import type { Groups } from './groups.ts';
import type { Rosters } from './rosters.ts';
import type { TenantCache } from './tenant-cache.ts';
import { answered, type ViewCache } from './view-cache.ts';

export interface ResyncOptions {
  readonly store: Pick<PresenceStore, 'read'>;
  readonly cache: ViewCache;
  readonly rosters: Rosters;
  readonly groups: Groups;
  readonly context: FanoutContext;
  /** In [0, 1). */
  readonly random: () => number;
  readonly health?: Health;
}

interface Batch {
  readonly tenant: TenantCache;
  readonly users: readonly CachedUser[];
}

/**
 * After a partition lost part of its history, every view cached from it is read again, together with what this node
 * knew, so that the store can repair what it lost. Every node does so at once: hence the random start and order and
 * the few reads at a time. Watchers hear of differences only.
 */
export class Resync {
  readonly #options: ResyncOptions;
  readonly #partitions = new Set<number>();
  /** Ends the waits between attempts. */
  readonly #waits = new Set<() => void>();
  #running = false;
  #stopped = true;
  #unsubscribe: (() => void) | undefined;

  constructor(options: ResyncOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#unsubscribe ??= this.#options.health?.onDegraded((degraded) => {
      if (!degraded) this.#endWaits();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#partitions.clear();
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#endWaits();
  }

  /** A partition lost data. Returns at once; calls while it is under way are not lost. */
  partition(partition: number): void {
    if (this.#stopped) return;
    this.#partitions.add(partition);
    if (this.#running) return;
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
    });
  }

  async #run(): Promise<void> {
    const { context, random } = this.#options;
    await this.#wait(random() * context.tuning.resyncJitterMs);
    while (this.#partitions.size > 0) {
      const partitions = new Set(this.#partitions);
      this.#partitions.clear();
      context.log.info({ partitions: [...partitions] }, 'reading watched users again after a loss of data');
      await this.#readAll(this.#batches(partitions));
      for (const tenant of [...this.#options.cache.tenants()]) {
        if (tenant.roster !== undefined) await this.#untilDone(() => this.#options.rosters.refresh(tenant));
        if (tenant.groups.size > 0) await this.#untilDone(() => this.#options.groups.refresh(tenant));
        context.meter.commit();
      }
    }
  }

  #batches(partitions: ReadonlySet<number>): Batch[] {
    const size = this.#options.context.tuning.resyncBatch;
    const batches: Batch[] = [];
    for (const tenant of this.#options.cache.tenants()) {
      const users: CachedUser[] = [];
      for (const user of tenant.users.values()) if (partitions.has(user.partition)) users.push(user);
      this.#shuffle(users);
      for (let at = 0; at < users.length; at += size)
        batches.push({ tenant, users: users.slice(at, at + size) });
    }
    return this.#shuffle(batches);
  }

  async #readAll(batches: Batch[]): Promise<void> {
    const work = async (): Promise<void> => {
      for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
        const { tenant, users } = batch;
        await this.#untilDone(() => this.#read(tenant, users));
      }
    };
    await Promise.all(Array.from({ length: this.#options.context.tuning.resyncReads }, work));
  }

  async #read(tenant: TenantCache, batch: readonly CachedUser[]): Promise<void> {
    const { store, cache, context } = this.#options;
    const users = batch.filter((user) => tenant.users.get(user.user) === user);
    if (users.length === 0) return;
    cache.reading(users);
    const known: View[] = [];
    for (const { record } of users) if (record !== undefined && record.view.ver > 0) known.push(record.view);
    const views = await store.read(
      tenant.name,
      users.map(({ user }) => user),
      known,
    );
    const pairs = users.map((user, at) => [user, answered(views, user, at)] as const);
    const now = context.timing.now();
    for (const [user, view] of pairs) cache.settle(tenant, user, view, now);
    context.meter.commit();
  }

  /** Again and again, ever more rarely, while the store cannot tell. */
  async #untilDone(attempt: () => Promise<void>): Promise<void> {
    const { context, random } = this.#options;
    const { retryMinMs, retryMaxMs } = context.tuning;
    for (let pause = retryMinMs; !this.#stopped; pause = Math.min(2 * pause, retryMaxMs)) {
      try {
        await attempt();
        return;
      } catch (err) {
        context.log.warn({ err }, 'watched users could not be read again yet');
      }
      await this.#wait(pause * (0.5 + random() / 2));
    }
  }

  #wait(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waits.delete(end);
        cancel();
        resolve();
      };
      const cancel = this.#options.context.timing.schedule(end, Math.ceil(ms));
      this.#waits.add(end);
    });
  }

  #endWaits(): void {
    for (const end of [...this.#waits]) end();
  }

  #shuffle<T>(items: T[]): T[] {
    for (let at = items.length - 1; at > 0; at -= 1) {
      const other = Math.floor(this.#options.random() * (at + 1));
      const [one, two] = [items[at], items[other]];
      if (one === undefined || two === undefined) continue;
      items[at] = two;
      items[other] = one;
    }
    return items;
  }
}
