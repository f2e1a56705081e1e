/**
 * The periods the black-box tests run with: the documented defaults cut to about a seventh, so that a crash is noticed
 * within one and a half seconds, yet wide enough for a busy machine with two cores.
 */
export const TIMINGS = {
  heartbeatIntervalMs: 300,
  heartbeatTtlMs: 1_000,
  reapIntervalMs: 150,
  offlineGraceMs: 800,
  drainGraceMs: 3_000,
  drainWindowMs: 300,
  redisCommandTimeoutMs: 600,
} as const;

export type Timings = { readonly [K in keyof typeof TIMINGS]: number };

export const DEFAULTS: Timings = {
  heartbeatIntervalMs: 2_000,
  heartbeatTtlMs: 6_000,
  reapIntervalMs: 1_000,
  offlineGraceMs: 5_000,
  drainGraceMs: 15_000,
  drainWindowMs: 5_000,
  redisCommandTimeoutMs: 2_000,
};

/** B of the guarantees: within it a dead node's connections are cleared and told. */
export const bound = (t: Timings = TIMINGS): number =>
  Math.max(t.heartbeatTtlMs, t.heartbeatIntervalMs + t.offlineGraceMs) + 2 * t.reapIntervalMs;

/** Within it every status is the truth again after Redis lost data (G5). */
export const healBound = (t: Timings = TIMINGS): number => bound(t) + t.heartbeatTtlMs;

/** What a loaded test machine may add to a bound: scheduling, not behaviour. */
export const SLACK_MS = 1_000;

/** The same periods as the environment of a node. */
export const timingEnv = (t: Timings): Record<string, string> => ({
  HEARTBEAT_INTERVAL_MS: String(t.heartbeatIntervalMs),
  HEARTBEAT_TTL_MS: String(t.heartbeatTtlMs),
  REAP_INTERVAL_MS: String(t.reapIntervalMs),
  OFFLINE_GRACE_MS: String(t.offlineGraceMs),
  DRAIN_GRACE_MS: String(t.drainGraceMs),
  DRAIN_WINDOW_MS: String(t.drainWindowMs),
  REDIS_COMMAND_TIMEOUT_MS: String(t.redisCommandTimeoutMs),
});
