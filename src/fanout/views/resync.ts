import type { Health } from '../../node/membership.ts';
import type { Reports } from '../../store/port/reports.ts';
import type { Views } from '../../store/port/views.ts';
import { backoff, jittered } from '../../time/backoff.ts';
import { shuffle } from '../../time/shuffle.ts';
import type { FanoutContext } from '../context.ts';
import type { WatchedPlaces } from '../places/places.ts';
import type { Groups } from '../tenant/groups.ts';
import type { TenantCache } from '../tenant/tenant-cache.ts';
import type { TenantSets } from '../tenant/tenant-sets.ts';
import type { CachedUser } from './cached-user.ts';
import type { Reading } from './readings.ts';
import { answered, type ViewCache } from './view-cache.ts';

export interface ResyncOptions {
  readonly views: Views;
  readonly reports: Pick<Reports, 'restore'>;
  readonly cache: ViewCache;
  readonly tenantSets: TenantSets;
  readonly groups: Groups;
  readonly places: Pick<WatchedPlaces, 'refresh' | 'size'>;
  readonly context: FanoutContext;
  /** Everything of a user was forgotten before what had this version. */
  readonly forgotten: (tenant: TenantCache, user: string, ver: number) => void;
  /** In [0, 1). */
  readonly random: () => number;
  readonly health?: Health;
}

interface Batch {
  readonly partition: number;
  readonly tenant: TenantCache;
  readonly users: readonly CachedUser[];
  /** The versions that the store was sent, and how often the partition had lost data by then. */
  told: ReadonlyMap<string, number> | undefined;
  toldAt: number;
}

/**
 * After a partition lost part of its history, every view cached from it is read again, together with what this node
 * knew, so that the store can repair what it lost. Every node does so at once: hence the random start and order and
 * the few reads at a time. Watchers get differences only. Partitions do not wait for one another.
 */
export class Resync {
  readonly #options: ResyncOptions;
  /** How often each partition has lost data. */
  readonly #losses = new Map<number, number>();
  /** Lost again while it is read: once more, when that is done. */
  readonly #again = new Set<number>();
  readonly #running = new Set<number>();
  /** Ends the waits between attempts. */
  readonly #waits = new Set<() => void>();
  /** Reads under way, and those that wait for one to end. */
  #reads = 0;
  readonly #queue: (() => void)[] = [];
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
    this.#again.clear();
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#endWaits();
  }

  /** A partition lost data. Returns at once; calls while it is under way are not lost. */
  partition(partition: number): void {
    if (this.#stopped) return;
    this.#losses.set(partition, this.#lossesOf(partition) + 1);
    this.#again.add(partition);
    if (this.#running.has(partition)) return;
    this.#running.add(partition);
    void this.#run(partition).finally(() => this.#running.delete(partition));
  }

  async #run(partition: number): Promise<void> {
    const { context, random, cache, tenantSets, groups, places } = this.#options;
    await this.#wait(random() * context.tuning.resyncJitterMs);
    while (this.#again.delete(partition)) {
      context.log.info({ partition }, 'reading watched users again after a loss of data');
      const batches = this.#batches(partition);
      await Promise.all(batches.map((batch) => this.#untilDone(() => this.#read(batch))));
      for (const tenant of [...cache.tenants()]) {
        if (tenant.set !== undefined) await this.#untilDone(() => tenantSets.refresh(tenant));
        if (tenant.groups.size > 0) await this.#untilDone(() => groups.refresh(tenant));
        context.meter.commit();
      }
      if (places.size > 0) await this.#untilDone(() => places.refresh());
    }
  }

  #batches(partition: number): Batch[] {
    const { context, cache, random } = this.#options;
    const size = context.tuning.resyncBatch;
    const batches: Batch[] = [];
    for (const tenant of cache.tenants()) {
      const users = [...tenant.users.values()].filter((user) => user.partition === partition);
      shuffle(users, random);
      for (let at = 0; at < users.length; at += size)
        batches.push({ partition, tenant, users: users.slice(at, at + size), told: undefined, toldAt: 0 });
    }
    return shuffle(batches, random);
  }

  async #read(batch: Batch): Promise<void> {
    const { tenant } = batch;
    const { cache, context } = this.#options;
    await this.#turn();
    const users = batch.users.filter((user) => tenant.users.get(user.user) === user);
    const reading = tenant.readings.begin();
    try {
      if (users.length === 0) return;
      // Sent once a loss, at once: it counts while the store gathers, which may be long before it can answer.
      const isToldNow = await this.#tell(batch, users);
      const isLess = await this.#take(batch, users, reading, isToldNow);
      if (!isLess) return;
      // What was sent may have been lost since, which is not known yet.
      batch.told = undefined;
      await this.#tell(batch, users);
      await this.#take(batch, users, reading, true);
    } finally {
      reading.end();
      this.#reads -= 1;
      this.#queue.shift()?.();
      cache.prune(tenant);
      context.meter.commit();
    }
  }

  /** @returns whether it was sent just now, and not by an attempt before. */
  async #tell(batch: Batch, users: readonly CachedUser[]): Promise<boolean> {
    const losses = this.#lossesOf(batch.partition);
    if (batch.told !== undefined && batch.toldAt === losses) return false;
    const known = users.flatMap(({ record }) =>
      record !== undefined && record.view.ver > 0 ? [record.view] : [],
    );
    if (known.length > 0) await this.#options.reports.restore(batch.tenant.name, known);
    batch.told = new Map(known.map(({ user, ver }) => [user, ver]));
    batch.toldAt = losses;
    return true;
  }

  /**
   * Takes what the store knows by now of these users, unless it knows less than it was sent earlier.
   * @returns whether it does.
   */
  async #take(
    { tenant, told }: Batch,
    users: readonly CachedUser[],
    reading: Reading,
    isToldNow: boolean,
  ): Promise<boolean> {
    const { cache, context, forgotten } = this.#options;
    const views = await this.#options.views.read(
      tenant.name,
      users.map(({ user }) => user),
    );
    const answers = users.map((user, at) => [user, answered(views, user, at)] as const);
    const isLess = ([user, view]: (typeof answers)[number]): boolean => {
      const ver = told?.get(user.user) ?? 0;
      return view.ver < ver && user.record?.view.ver === ver;
    };
    if (!isToldNow && answers.some(isLess)) return true;
    const now = context.timing.now();
    for (const answer of answers) {
      const [user, view] = answer;
      // After it was sent what this node knew, the store still knows less: the user was forgotten, and the command was lost.
      if (isLess(answer)) forgotten(tenant, user.user, told?.get(user.user) ?? 0);
      cache.settle(tenant, user, view, reading, now);
    }
    return false;
  }

  #lossesOf(partition: number): number {
    return this.#losses.get(partition) ?? 0;
  }

  /** At most so many reads at once. */
  async #turn(): Promise<void> {
    if (this.#reads >= this.#options.context.tuning.resyncReads) {
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.#reads += 1;
  }

  /** Again and again, ever more rarely, while the store cannot answer. */
  async #untilDone(attempt: () => Promise<void>): Promise<void> {
    const { context, random } = this.#options;
    const { retryMinMs, retryMaxMs } = context.tuning;
    for (let failures = 0; !this.#stopped; failures += 1) {
      try {
        await attempt();
        return;
      } catch (err) {
        context.log.warn({ err }, 'watched users could not be read again yet');
      }
      await this.#wait(jittered(backoff(failures, retryMinMs, retryMaxMs), random));
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
}
