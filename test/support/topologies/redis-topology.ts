import type { Certificates } from '../certificates.ts';
import type { RedisOptions, RedisServer } from '../redis-server.ts';

/** Which of the three shapes of `REDIS_URL` a deployment has. */
export type TopologyKind = 'standalone' | 'sentinel' | 'cluster';

/**
 * Several Redis processes that make one store, on free ports of 127.0.0.1. Each is a {@link RedisServer}, so that a test
 * may kill, pause and restart it by itself.
 */
export interface RedisTopology {
  readonly kind: TopologyKind;
  /** What `REDIS_URL` is to be. */
  readonly url: string;
  /** Every server that holds data, running or not; the masters of the beginning first. */
  readonly servers: readonly RedisServer[];
  /** Those that take writes now. */
  masters(): Promise<readonly RedisServer[]>;
  /** Waits until it takes writes everywhere and every running replica follows its master. */
  healthy(timeoutMs?: number): Promise<void>;
  /** The end of every process. Safe to call twice. */
  stop(): Promise<void>;
}

/** How each server of a topology is started, by its position in {@link RedisTopology.servers}. */
export type ServerOptions = (index: number) => RedisOptions;

/** The options of a server that speaks TLS where there are certificates; both bring arguments. */
export const withTls = (options: RedisOptions, certificates?: Certificates): RedisOptions => ({
  ...options,
  ...certificates?.server,
  args: [...(certificates?.server.args ?? []), ...(options.args ?? [])],
});

/** What every server of a topology has: replicas that follow at once instead of waiting for others. */
export const COMMON_ARGS = [
  ...['--maxmemory-policy', 'noeviction'],
  ...['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
] as const;
