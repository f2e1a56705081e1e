import type { TokenOwner } from '../../domain/model.ts';
import type { Keys } from '../../redis/keys.ts';
import type { RedisLink } from '../../redis/link.ts';

import type { PresenceStore } from '../presence-store.ts';
import type { StoreOptions } from '../store-options.ts';
import { Caller, type CallerOptions } from './caller.ts';
import { encodePolicy } from './encode.ts';
import { RedisEndings } from './endings.ts';
import { RedisGroups } from './groups.ts';
import { KeySpace } from './key-space.ts';
import { type LeasesOptions, RedisLeases } from './leases.ts';
import { RedisPeople } from './people.ts';
import { RedisPlaces } from './places.ts';
import { RedisRegistry } from './registry.ts';
import { RedisReports } from './reports.ts';
import { RedisUpkeep } from './upkeep.ts';
import { RedisViews } from './views.ts';

export interface RedisStoreOptions extends StoreOptions, CallerOptions, LeasesOptions {
  readonly keys: Keys;
  readonly publishTenantEvents: boolean;
}

/** Presence in Redis, as laid out in docs/architecture.md. Every change of a user is one atomic function. */
export class RedisStore implements PresenceStore {
  readonly leases: RedisLeases;
  readonly upkeep: RedisUpkeep;
  readonly reports: RedisReports;
  readonly views: RedisViews;
  readonly groups: RedisGroups;
  readonly people: RedisPeople;
  readonly endings: RedisEndings;
  readonly places: RedisPlaces;
  readonly registry: RedisRegistry;
  readonly #link: RedisLink;
  readonly #keys: KeySpace;

  constructor(options: RedisStoreOptions) {
    const { link, keys, publishTenantEvents } = options;
    this.#link = link;
    this.#keys = new KeySpace(keys);
    const caller = new Caller(options);
    const policy = encodePolicy(options, publishTenantEvents ? keys.tenantEvents : '');
    const role = { caller, policy, keys: this.#keys };
    this.leases = new RedisLeases(role, options);
    this.upkeep = new RedisUpkeep(role, options.heartbeatTtlMs);
    this.reports = new RedisReports(role);
    this.views = new RedisViews(role);
    this.groups = new RedisGroups(role, this.views);
    this.people = new RedisPeople(role);
    this.endings = new RedisEndings(role);
    this.places = new RedisPlaces(role);
    this.registry = new RedisRegistry({ caller, key: keys.registry, options });
  }

  get partitions(): number {
    return this.#keys.partitions;
  }

  partitionOf(owner: TokenOwner): number {
    return this.#keys.partitionOf(owner);
  }

  async start(): Promise<void> {
    await this.#link.start();
  }

  async stop(): Promise<void> {
    await this.#link.stop();
  }
}
