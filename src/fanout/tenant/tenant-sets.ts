import type { Views } from '../../store/port/views.ts';
import type { FanoutContext } from '../context.ts';
import { WatchError } from '../fanout.ts';
import type { WatchLimits } from '../limits.ts';
import type { ViewCache } from '../views/view-cache.ts';
import { SharedRead } from './shared-read.ts';
import type { TenantCache } from './tenant-cache.ts';
import { TenantSet } from './tenant-set.ts';
import { TenantStream } from './tenant-stream.ts';
import { TooLarge } from './too-large.ts';

/** Reads and keeps the complete sets of watched tenants. */
export class TenantSets {
  readonly #views: Views;
  readonly #cache: ViewCache;
  readonly #context: FanoutContext;
  readonly #limits: WatchLimits;
  readonly #tooLarge: TooLarge;

  constructor(views: Views, cache: ViewCache, context: FanoutContext, limits: WatchLimits) {
    this.#views = views;
    this.#cache = cache;
    this.#context = context;
    this.#limits = limits;
    this.#tooLarge = new TooLarge(context.timing);
  }

  /** A connection needs the complete set until {@link leave}. @throws WatchError when it was too large just now. */
  enter(tenant: TenantCache): TenantSet {
    if (tenant.set === undefined && this.#tooLarge.has(tenant.name, '')) throw tooMany();
    const set = tenant.set ?? this.#open(tenant);
    set.interest += 1;
    return set;
  }

  /**
   * Reads the set, not earlier than now. While the store is unreachable, what is known of it has to do.
   * @returns whether it was read. Rejects as the store does, or with a WatchError when the tenant is too large.
   */
  async fresh(set: TenantSet, isAway: boolean): Promise<boolean> {
    if (isAway && set.complete) return false;
    try {
      await set.reading.ask();
      return true;
    } catch (error) {
      if (!set.complete || error instanceof WatchError) throw error;
      return false;
    }
  }

  leave(tenant: TenantCache): void {
    const set = tenant.set;
    if (set === undefined) return;
    set.interest -= 1;
    if (set.interest > 0) return;
    tenant.set = undefined;
    for (const user of tenant.users.values()) {
      user.seq = 0;
      user.listed = false;
      user.older = undefined;
      user.newer = undefined;
      this.#cache.release(tenant, user);
    }
    this.#cache.prune(tenant);
  }

  /** Finds who came online without this node hearing of it. Errors as the store's. */
  async refresh(tenant: TenantCache): Promise<void> {
    await tenant.set?.reading.ask();
  }

  /** A tenant may grow while it is watched, but not without bound: far beyond the limit its watches end. */
  checkGrowth(tenant: TenantCache): void {
    if (tenant.set === undefined || tenant.present <= this.#limits.tenantCeiling) return;
    for (const reader of [...tenant.set.stream.readers]) reader.outgrown();
  }

  /** More are online than a new watch may cover. */
  tooLarge(tenant: TenantCache): boolean {
    return tenant.present > this.#limits.tenantWatchMax;
  }

  #open(tenant: TenantCache): TenantSet {
    const stream = new TenantStream(this.#context, (upTo) => {
      if (tenant.set?.stream !== stream || !tenant.set.settled) return;
      stream.forget(upTo, (user) => this.#cache.release(tenant, user));
    });
    const set = new TenantSet(
      stream,
      (of) => new SharedRead(() => this.#load(tenant, of), this.#context.timing),
    );
    tenant.set = set;
    return set;
  }

  async #load(tenant: TenantCache, set: TenantSet): Promise<void> {
    if (tenant.set !== set) return;
    if (set.complete) {
      await this.#page(tenant, set, () => tenant.present <= this.#limits.tenantCeiling);
      this.#settled(tenant, set);
      this.checkGrowth(tenant);
      return;
    }
    // Counting is cheap: a tenant far too large is not read page by page to find that out.
    const counts = await this.#views.count(tenant.name);
    if (counts.online + counts.away + counts.busy > this.#limits.tenantWatchMax) {
      this.#tooLarge.add(tenant.name, '');
      throw tooMany();
    }
    const fits = (): boolean =>
      !this.tooLarge(tenant) && this.#context.meter.views <= this.#limits.maxNodeWatches;
    if (!(await this.#page(tenant, set, fits))) throw tooMany();
    set.complete = true;
    this.#settled(tenant, set);
  }

  /** @returns whether it fitted all the way. */
  async #page(tenant: TenantCache, set: TenantSet, fits: () => boolean): Promise<boolean> {
    set.readings += 1;
    try {
      let cursor: string | undefined;
      do {
        if (tenant.set !== set) return true; // No connection needs it any more.
        cursor = await this.#readPage(tenant, set, cursor);
        if (!fits()) return false;
      } while (cursor !== undefined);
      return true;
    } finally {
      set.readings -= 1;
    }
  }

  /** @returns the cursor of the next page. */
  async #readPage(
    tenant: TenantCache,
    set: TenantSet,
    from: string | undefined,
  ): Promise<string | undefined> {
    const reading = tenant.readings.begin();
    try {
      const { users, cursor } = await this.#views.page(tenant.name, this.#context.tuning.pageSize, from);
      if (tenant.set !== set) return undefined;
      const now = this.#context.timing.now();
      for (const view of users) {
        if (reading.isForgotten(view.user, view.ver)) continue;
        this.#cache.settle(tenant, this.#cache.user(tenant, view.user), view, reading, now);
      }
      return cursor;
    } finally {
      reading.end();
    }
  }

  /** Those who left meanwhile need not be remembered any more: no page can bring them back. */
  #settled(tenant: TenantCache, set: TenantSet): void {
    if (tenant.set === set && set.settled) set.stream.tell();
  }
}

export const tooMany = (): WatchError =>
  new WatchError('too_many_watches', 'more users are online than a watch of the tenant may cover');
