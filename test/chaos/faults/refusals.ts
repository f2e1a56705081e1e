import type { RedisServer } from '../../support/redis-server.ts';
import { clock } from '../history/recorder.ts';
import { CHAOS_BOUNDS } from '../timings.ts';
import { type Fault, forMs } from './fault.ts';

interface Way {
  readonly name: string;
  readonly begin: (server: RedisServer) => Promise<unknown>;
  readonly end: (server: RedisServer) => Promise<unknown>;
}

/** Longer than it may take until every node says that it cannot write, so that something is left to be asked in, ms. */
const { rejoin, slack, heartbeatTtlMs } = CHAOS_BOUNDS;
const SHORTEST_MS = rejoin + slack + heartbeatTtlMs + 500;
const LONGEST_MS = SHORTEST_MS + 2_000;

/**
 * Redis is there, answers reads and heartbeats of some, and refuses what changes presence: what is asked of the service
 * meanwhile, not only afterwards, has to say that it does not know.
 */
const refusal = ({ name, begin, end }: Way, suits?: Fault['suits']): Fault => ({
  kind: `Redis refuses writes: ${name}`,
  weight: 1,
  needs: 'store',
  ...(suits && { suits }),
  async run({ recorder, random, world: { store, slots } }) {
    const servers = await store.masters();
    const fault = recorder.fault(`Redis refuses writes: ${name}`, 'store');
    for (const server of servers) await begin(server);
    // From here on every write is refused.
    fault.refusedFrom = clock();
    await forMs(random.between(SHORTEST_MS, LONGEST_MS));
    fault.refusedTo = clock();
    for (const server of store.servers) if (server.running) await end(server);
    fault.to = clock();
    // Who was started meanwhile has seen that this Redis will not do, and ended: an orchestrator starts it again.
    for (const slot of slots) if (slot.isOpen && !slot.node.running) await slot.start(false);
  },
});

export const REFUSALS: readonly Fault[] = [
  refusal({
    name: 'out of memory',
    begin: (server) => server.call('CONFIG', 'SET', 'maxmemory', '1'),
    end: (server) => server.call('CONFIG', 'SET', 'maxmemory', '0'),
  }),
  refusal({
    name: 'too few replicas',
    begin: (server) => server.call('CONFIG', 'SET', 'min-replicas-to-write', '9'),
    end: (server) => server.call('CONFIG', 'SET', 'min-replicas-to-write', '0'),
  }),
  refusal({
    name: 'rights lost',
    begin: (server) => server.call('ACL', 'SETUSER', 'default', '-@write'),
    end: (server) => server.call('ACL', 'SETUSER', 'default', '+@all'),
  }),
  refusal(
    {
      name: 'a replica without a master',
      // Port 9 is that of nobody: it keeps what it has, and takes no writes.
      begin: (server) => server.call('REPLICAOF', '127.0.0.1', '9'),
      end: (server) => server.call('REPLICAOF', 'NO', 'ONE'),
    },
    ['standalone'],
  ),
];
