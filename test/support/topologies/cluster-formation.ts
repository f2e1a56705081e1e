import { freePort } from '../ports.ts';
import { type RedisOptions, RedisServer } from '../redis-server.ts';
import { until } from '../until.ts';
import { COMMON_ARGS } from './redis-topology.ts';

export const MASTERS = 3;
export const SLOTS = 16_384;

/** A server of a cluster, and the port on which servers speak with each other. */
export interface Member {
  readonly server: RedisServer;
  readonly bus: number;
}

/** A server that could be part of a cluster, and knows of no other. */
export const startMember = async (options: RedisOptions, nodeTimeoutMs: number): Promise<Member> => {
  const bus = await freePort();
  const args = [
    ...COMMON_ARGS,
    ...['--cluster-enabled', 'yes', '--cluster-port', String(bus)],
    ...['--cluster-node-timeout', String(nodeTimeoutMs), '--cluster-replica-validity-factor', '0'],
    ...(options.tls ? ['--tls-cluster', 'yes'] : []),
    ...(options.args ?? []),
  ];
  return { server: await RedisServer.start({ ...options, args }), bus };
};

export const nameOf = async (server: RedisServer): Promise<string> =>
  String(await server.call('CLUSTER', 'MYID'));

/** Introduces a server to others. */
export const meet = async (server: RedisServer, others: readonly Member[]): Promise<void> => {
  for (const { server: other, bus } of others) {
    await server.call('CLUSTER', 'MEET', other.host, other.port, bus);
  }
};

/** Gives out the slots, introduces everybody to everybody, and lets replicas follow. @returns names in the cluster. */
export const form = async (members: readonly Member[]): Promise<Map<RedisServer, string>> => {
  const ids = new Map<RedisServer, string>();
  await Promise.all(
    members.map(async ({ server }, i) => {
      ids.set(server, await nameOf(server));
      await server.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
      if (i < MASTERS) await server.call('CLUSTER', 'ADDSLOTSRANGE', firstSlot(i), firstSlot(i + 1) - 1);
      await meet(server, members.slice(0, i));
    }),
  );
  await Promise.all(
    members.slice(MASTERS).map(async ({ server: replica }, i) => {
      const master = ids.get(members[i]?.server as RedisServer) ?? '';
      await until(async () => (await replica.call('CLUSTER', 'REPLICATE', master)) === 'OK', {
        timeoutMs: 15_000,
        what: 'a replica that knows its master',
      });
    }),
  );
  return ids;
};

const firstSlot = (master: number): number => Math.ceil((master * SLOTS) / MASTERS);
