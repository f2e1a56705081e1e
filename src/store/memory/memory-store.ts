import type { TokenOwner } from '../../domain/model.ts';
import type { PresenceStore } from '../presence-store.ts';
import { MemoryEndings } from './endings.ts';
import { MemoryGroups } from './groups.ts';
import { MemoryLeases } from './leases.ts';
import { MemoryPeople } from './people.ts';
import { MemoryPlaces } from './places.ts';
import { MemoryRegistry } from './registry.ts';
import { MemoryReports } from './reports.ts';
import { Shards, type ShardsOptions } from './shards.ts';
import { MemoryUpkeep } from './upkeep.ts';
import { MemoryViews } from './views.ts';

/**
 * Presence inside one process: the embedded default, and the reference the scripts are tested against. It needs no
 * lease, fence or hold, because the data cannot outlive its only node.
 */
export class MemoryStore implements PresenceStore {
  readonly leases: MemoryLeases;
  readonly upkeep: MemoryUpkeep;
  readonly reports: MemoryReports;
  readonly views: MemoryViews;
  readonly groups: MemoryGroups;
  readonly people: MemoryPeople;
  readonly endings: MemoryEndings;
  readonly places: MemoryPlaces;
  readonly registry = new MemoryRegistry();
  readonly #shards: Shards;

  constructor(options: ShardsOptions) {
    const shards = new Shards(options);
    this.#shards = shards;
    this.leases = new MemoryLeases(shards);
    this.upkeep = new MemoryUpkeep(shards);
    this.reports = new MemoryReports(shards);
    this.views = new MemoryViews(shards);
    this.groups = new MemoryGroups(shards);
    this.people = new MemoryPeople(shards);
    this.endings = new MemoryEndings(shards);
    this.places = new MemoryPlaces(shards);
  }

  get partitions(): number {
    return this.#shards.partitions;
  }

  partitionOf(owner: TokenOwner): number {
    return this.#shards.partitionOf(owner);
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}
}
