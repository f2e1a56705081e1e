import { bound, healBound, type Timings } from '../support/timings.ts';
import { ALLOWED } from './checker/allowances.ts';
import type { History } from './history/history.ts';

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

/** Transitions a person may make at once, and then one in so many ms, where a run is damped. */
export const DAMPING = { burst: 4, intervalMs: 1_000 } as const;

/** Most runs are not damped: every transition is then owed at once. */
export const dampingEnv = (isOn: boolean): Record<string, string> => ({
  TRANSITION_BURST: String(isOn ? DAMPING.burst : 0),
  TRANSITION_INTERVAL_MS: String(isOn ? DAMPING.intervalMs : 0),
});

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
  /** What is under way goes first, before a change is written. */
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
  gather: ALLOWED.gatherMs,
  takeover: ALLOWED.takeoverBeats * timings.heartbeatIntervalMs,
  slack,
});

export const CHAOS_BOUNDS = boundsOf(CHAOS_TIMINGS, ALLOWED.slackMs);

/** Where transitions are damped the newest state may wait for its turn. */
export const boundsFor = ({ damping }: Pick<History, 'damping'>): Bounds =>
  damping === undefined
    ? CHAOS_BOUNDS
    : { ...CHAOS_BOUNDS, gather: CHAOS_BOUNDS.gather + damping.intervalMs };
