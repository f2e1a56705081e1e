import type { Settings } from '../config/settings.ts';

export type FanoutSettings = Pick<
  Settings,
  'fanoutWindowMs' | 'maxWatches' | 'maxNodeWatches' | 'tenantWatchMax' | 'watchPolicy' | 'placeWatchMax'
>;

/** How much may be watched. */
export interface WatchLimits {
  /** Users by id, of one connection. */
  readonly maxWatches: number;
  /** Members of a group that is read at all: a group larger than what one connection may watch cannot be watched. */
  readonly groupMax: number;
  /** Users of one connection, by id and by groups, at which its group watches end: members join without being asked. */
  readonly groupCeiling: number;
  /** Watches of all connections of this node, and views cached for them. */
  readonly maxNodeWatches: number;
  /** Present users of a tenant when a watch of it begins. */
  readonly tenantWatchMax: number;
  /** Present users of a tenant at which the watches of it end. */
  readonly tenantCeiling: number;
  /** Users in answers of one connection that were not sent yet; an answer counts as some users more. */
  readonly maxUnsent: number;
}

/** What an answer that waits to be sent weighs beside its users. */
export const ANSWER_WEIGHT = 16;

/** Clients within the limits never notice these two: they only bound memory. */
const LEAST_CEILING = 10_000;
const LEAST_UNSENT = 4096;

export const watchLimits = (settings: FanoutSettings): WatchLimits => ({
  maxWatches: settings.maxWatches,
  groupMax: 2 * settings.maxWatches,
  groupCeiling: 2 * settings.maxWatches,
  maxNodeWatches: settings.maxNodeWatches,
  tenantWatchMax: settings.tenantWatchMax,
  tenantCeiling: Math.max(2 * settings.tenantWatchMax, LEAST_CEILING),
  maxUnsent: Math.max(4 * settings.maxWatches, LEAST_UNSENT),
});
