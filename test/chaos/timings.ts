import { bound, healBound, type Timings } from '../support/timings.ts';

/** The defaults cut to about a quarter: short enough for a minute with many faults, wide enough for a busy machine. */
export const CHAOS_TIMINGS: Timings = {
  heartbeatIntervalMs: 500,
  heartbeatTtlMs: 2_000,
  reapIntervalMs: 250,
  offlineGraceMs: 1_500,
  drainGraceMs: 4_000,
  drainWindowMs: 400,
  redisCommandTimeoutMs: 800,
};
export const PING_INTERVAL_MS = 2_500;
export const PING_TIMEOUT_MS = 2_500;

/** What the guarantees of the service promise with these periods, ms. */
export interface Bounds extends Timings {
  /** A dead node's connections are cleared and told. */
  readonly b: number;
  /** Every status is the truth again after Redis lost data. */
  readonly heal: number;
  /** A watcher hears of a change although the pub/sub link broke silently. */
  readonly delivery: number;
  /** Two heartbeats: a node that was away is back. */
  readonly rejoin: number;
  /** A socket that answers no ping is closed. */
  readonly deaf: number;
  /** Changes gather before they are written in a storm. */
  readonly gather: number;
  /** Another node takes over the partitions of one that fell silent. */
  readonly takeover: number;
  /** What a loaded machine may add to any of these. */
  readonly slack: number;
}

export const boundsOf = (timings: Timings, slack: number): Bounds => ({
  ...timings,
  b: bound(timings),
  heal: healBound(timings),
  delivery: timings.heartbeatIntervalMs + 1_000,
  rejoin: 2 * timings.heartbeatIntervalMs,
  deaf: PING_INTERVAL_MS + PING_TIMEOUT_MS,
  gather: 400,
  takeover: 3 * timings.heartbeatIntervalMs,
  slack,
});

export const CHAOS_BOUNDS = boundsOf(CHAOS_TIMINGS, 1_000);
