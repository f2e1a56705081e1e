import { Cluster } from '../../test/support/cluster.ts';
import { hasRedisBinary, RedisServer } from '../../test/support/redis-server.ts';
import { DEFAULTS, timingEnv } from '../../test/support/timings.ts';
import type { TokenClaims } from '../../test/support/tokens.ts';

export interface BenchCluster {
  readonly cluster: Cluster;
  readonly redis: RedisServer;
  stop(): Promise<void>;
}

/** Nodes as they are deployed: the documented defaults, but no limits per address, because all clients share a few. */
export const startBenchCluster = async (
  nodes: number,
  env: Readonly<Record<string, string>> = {},
): Promise<BenchCluster> => {
  if (!hasRedisBinary) throw new Error('a benchmark needs a redis-server of its own');
  const redis = await RedisServer.start();
  const cluster = await Cluster.start({
    nodes,
    redis,
    // People change as fast as the measurement wants, not as seldom as damping would show them.
    env: { ...timingEnv(DEFAULTS), PARTITIONS: '16', LOG_LEVEL: 'warn', TRANSITION_INTERVAL_MS: '0', ...env },
  });
  return { cluster, redis, stop: () => cluster.stop() };
};

const SIGNED_AT_ONCE = 500;

/** A token for each user, signed beforehand: signing is the customer's work, not the server's. */
export const signAll = async (
  cluster: Cluster,
  users: readonly string[],
  claims: Partial<TokenClaims> = {},
): Promise<string[]> => {
  const tokens: string[] = [];
  for (let i = 0; i < users.length; i += SIGNED_AT_ONCE) {
    const some = users.slice(i, i + SIGNED_AT_ONCE);
    tokens.push(...(await Promise.all(some.map((sub) => cluster.token({ ...claims, sub })))));
  }
  return tokens;
};

export const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
