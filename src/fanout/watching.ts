import type { Budgets } from './budget.ts';
import type { FanoutContext } from './context.ts';
import type { FairTurns } from './fair-turns.ts';
import type { WatchLimits } from './limits.ts';
import type { Groups } from './tenant/groups.ts';
import type { TenantSets } from './tenant/tenant-sets.ts';
import type { Turns } from './turns.ts';
import type { ViewCache } from './views/view-cache.ts';

/** What the watchers of one node share. */
export interface Watching {
  readonly context: FanoutContext;
  readonly cache: ViewCache;
  readonly tenantSets: TenantSets;
  readonly groups: Groups;
  readonly limits: WatchLimits;
  readonly budgets: Budgets;
  /** Of what is read for watches. */
  readonly turns: Turns;
  /** Of what is done for people on the loop. */
  readonly fairTurns: FairTurns;
  /** The feed is followed: without it a cached view would stay what it was. */
  readonly running: boolean;
  /** The store is known to be unreachable: what the node holds has to do. */
  readonly isStoreAway: boolean;
}
