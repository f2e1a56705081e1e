import type { Certificates } from '../certificates.ts';
import { RedisServer } from '../redis-server.ts';
import { ClusterTopology } from './cluster-topology.ts';
import { type RedisTopology, type TopologyKind, withTls } from './redis-topology.ts';
import { SentinelTopology } from './sentinel-topology.ts';

const KINDS: readonly TopologyKind[] = ['standalone', 'sentinel', 'cluster'];

/** What tests that do not care run on: `ROLLCALL_TOPOLOGY`, else one server. @throws Error for any other word. */
const chosenTopology = (env: NodeJS.ProcessEnv = process.env): TopologyKind => {
  const chosen = env.ROLLCALL_TOPOLOGY ?? 'standalone';
  const kind = KINDS.find((known) => known === chosen);
  if (kind === undefined)
    throw new Error(`ROLLCALL_TOPOLOGY must be one of ${KINDS.join(', ')}, not ${chosen}`);
  return kind;
};

/** Nobody is to take anybody's place where no test wants it, however busy the machine. */
const PATIENCE_MS = 20_000;

/** Tests run on one server: what needs proxies, or one order over all channels, can be tested there alone. */
export const isOneServer = chosenTopology() === 'standalone';

/** Those that take writes now, of whatever {@link startTopology} started. */
export const mastersOf = async (redis: RedisServer | RedisTopology): Promise<readonly RedisServer[]> =>
  redis instanceof RedisServer ? [redis] : redis.masters();

/**
 * Where to speak with a server itself, for what only few services do. Whatever is published to a Cluster can be heard
 * at any of its servers.
 */
export const serverUrlOf = async (redis: { readonly url: string } | RedisTopology): Promise<string> => {
  if (!('masters' in redis)) return redis.url;
  const [master] = await redis.masters();
  if (master === undefined) throw new Error('nobody takes writes');
  return master.url;
};

/** A Redis of one's own of that kind, over TLS where there are certificates. */
export const startTopology = (
  kind = chosenTopology(),
  certificates?: Certificates,
): Promise<RedisServer | RedisTopology> => {
  const calm = certificates ? { certificates } : {};
  switch (kind) {
    case 'sentinel':
      return SentinelTopology.start({ ...calm, downAfterMs: PATIENCE_MS });
    case 'cluster':
      return ClusterTopology.start({ ...calm, nodeTimeoutMs: PATIENCE_MS });
    case 'standalone':
      return RedisServer.start(withTls({}, certificates));
  }
};
