import type { Partitioning } from './partition.ts';
import type { Endings } from './port/endings.ts';
import type { GroupViews } from './port/groups.ts';
import type { Leases } from './port/leases.ts';
import type { People } from './port/people.ts';
import type { Places } from './port/places.ts';
import type { Registry } from './port/registry.ts';
import type { Reports } from './port/reports.ts';
import type { Upkeep } from './port/upkeep.ts';
import type { Views } from './port/views.ts';

/**
 * The shared state of presence, by role: each part takes the roles that it needs. Every call that changes an input
 * evaluates the users concerned, and appends the transitions to the partition's log, in one atomic step: a transition
 * is decided and recorded at once, or not at all. Durations travel as "n ms ago" because only the store's clock
 * decides deadlines.
 */
export interface PresenceStore extends Partitioning {
  readonly leases: Leases;
  readonly upkeep: Upkeep;
  readonly reports: Reports;
  readonly views: Views;
  readonly groups: GroupViews;
  readonly people: People;
  readonly endings: Endings;
  readonly places: Places;
  readonly registry: Registry;

  start(): Promise<void>;
  stop(): Promise<void>;
}
