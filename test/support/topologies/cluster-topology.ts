import calculateSlot from 'cluster-key-slot';
import { partitionTags } from '../../../src/redis/keys.ts';
import { freePort } from '../ports.ts';
import { RedisServer } from '../redis-server.ts';
import { until } from '../until.ts';
import { COMMON_ARGS, type RedisTopology, type ServerOptions } from './redis-topology.ts';
import { migrateSlot } from './slot-migration.ts';

export interface ClusterTopologyOptions {
  /** Silence after which a master is held for dead, ms. Default 1500: its replica takes over within about a second more. */
  readonly nodeTimeoutMs?: number;
  readonly server?: ServerOptions;
}

const MASTERS = 3;
const SLOTS = 16_384;

/** Three masters that share the slots evenly, each with one replica: server `i + 3` follows server `i` at first. */
export class ClusterTopology implements RedisTopology {
  readonly kind = 'cluster';
  readonly servers: readonly RedisServer[];
  readonly #ids: ReadonlyMap<RedisServer, string>;

  private constructor(servers: readonly RedisServer[], ids: ReadonlyMap<RedisServer, string>) {
    this.servers = servers;
    this.#ids = ids;
  }

  /** Up within three to five seconds, of which Redis itself wants two. */
  static async start(options: ClusterTopologyOptions = {}): Promise<ClusterTopology> {
    const { server = () => ({}), nodeTimeoutMs = 1500 } = options;
    const buses: number[] = [];
    for (let i = 0; i < 2 * MASTERS; i += 1) buses.push(await freePort());
    const settled = await Promise.allSettled(
      buses.map((bus, index) => startServer(server(index), bus, nodeTimeoutMs)),
    );
    const servers = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    try {
      for (const each of settled) if (each.status === 'rejected') throw each.reason;
      const ids = await join(servers, buses);
      const topology = new ClusterTopology(servers, ids);
      await topology.healthy();
      return topology;
    } catch (error) {
      await Promise.all(servers.map((each) => each.stop()));
      throw error;
    }
  }

  get url(): string {
    const hosts = this.servers.slice(0, MASTERS).map(({ host, port }) => `${host}:${port}`);
    return `redis+cluster://${hosts.join(',')}`;
  }

  /** The owners of slots as a running server sees them, those of low slots first. */
  async masters(): Promise<readonly RedisServer[]> {
    const owners = (await this.#slots()).map(({ owner }) => owner);
    return [...new Set(owners)];
  }

  /** Replicas of a master that are running. */
  async replicasOf(master: RedisServer): Promise<readonly RedisServer[]> {
    const id = this.idOf(master);
    const lines = (await this.#nodes()).filter((line) => line.split(' ')[3] === id);
    return this.servers.filter(
      (server) => server.running && lines.some((line) => line.startsWith(this.idOf(server))),
    );
  }

  /** The name under which the cluster knows a server. */
  idOf(server: RedisServer): string {
    const id = this.#ids.get(server);
    if (id === undefined) throw new Error('this server is not part of the cluster');
    return id;
  }

  /** The master that owns a slot, as a running server sees it. */
  async ownerOf(slot: number): Promise<RedisServer> {
    const range = (await this.#slots()).find(({ from, to }) => from <= slot && slot <= to);
    if (range === undefined) throw new Error(`nobody owns slot ${slot}`);
    return range.owner;
  }

  /** The slot of a partition of a deployment with so many `PARTITIONS`. */
  slotOf(partition: number, partitions: number): number {
    return calculateSlot(`{${partitionTags(partitions)[partition]}}`);
  }

  async healthy(timeoutMs = 20_000): Promise<void> {
    const running = this.servers.filter((server) => server.running);
    await until(
      async () => {
        for (const server of running) {
          const info = String(await server.call('CLUSTER', 'INFO'));
          if (!info.includes('cluster_state:ok') || !info.includes(`cluster_slots_ok:${SLOTS}`)) return false;
          const replication = String(await server.call('INFO', 'replication'));
          if (replication.includes('role:slave') && !replication.includes('master_link_status:up'))
            return false;
        }
        const views = await Promise.all(running.map((server) => ownersSeenBy(server)));
        return new Set(views).size === 1;
      },
      { timeoutMs, everyMs: 50, what: 'a cluster whose servers agree' },
    );
  }

  /** Has a running replica of this master take its place, without loss; both stay alive. @returns the new master. */
  async failover(master: RedisServer, timeoutMs = 20_000): Promise<RedisServer> {
    const [replica] = await this.replicasOf(master);
    if (replica === undefined) throw new Error('this master has no replica');
    await replica.call('CLUSTER', 'FAILOVER');
    await this.#promoted(replica, timeoutMs);
    return replica;
  }

  /** `kill -9`; the others have to notice. @returns the replica that took its place, once everybody knows. */
  async killMaster(master: RedisServer, timeoutMs = 30_000): Promise<RedisServer> {
    const [replica] = await this.replicasOf(master);
    if (replica === undefined) throw new Error('this master has no replica');
    await master.kill();
    await this.#promoted(replica, timeoutMs);
    return replica;
  }

  /**
   * Moves one slot with its keys to another master while both go on serving it.
   * @param to - default: some other master.
   */
  async migrate(slot: number, to?: RedisServer): Promise<{ from: RedisServer; to: RedisServer }> {
    const from = await this.ownerOf(slot);
    const masters = await this.masters();
    const target = to ?? masters.find((master) => master !== from);
    if (target === undefined) throw new Error('there is no other master');
    await migrateSlot({
      slot,
      from: { server: from, id: this.idOf(from) },
      to: { server: target, id: this.idOf(target) },
      others: masters.filter((master) => master !== from && master !== target),
    });
    return { from, to: target };
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  async #promoted(replica: RedisServer, timeoutMs: number): Promise<void> {
    await until(
      async () => {
        if ((await replica.info('role', 'replication')) !== 'master') return false;
        const running = this.servers.filter((server) => server.running);
        const views = await Promise.all(running.map((server) => ownersSeenBy(server)));
        return new Set(views).size === 1 && views[0]?.includes(`:${replica.port}`) === true;
      },
      { timeoutMs, everyMs: 50, what: 'the replica in place of its master' },
    );
  }

  async #slots(): Promise<{ from: number; to: number; owner: RedisServer }[]> {
    const text = await ownersSeenBy(this.#anyRunning());
    return text.split(' ').map((range) => {
      const [, from, to, port] = /^(\d+)-(\d+):(\d+)$/.exec(range) ?? [];
      const owner = this.servers.find((server) => String(server.port) === port);
      if (owner === undefined) throw new Error(`slots ${range} belong to no server of ours`);
      return { from: Number(from), to: Number(to), owner };
    });
  }

  async #nodes(): Promise<string[]> {
    return String(await this.#anyRunning().call('CLUSTER', 'NODES')).split('\n');
  }

  #anyRunning(): RedisServer {
    const server = this.servers.find((each) => each.running);
    if (server === undefined) throw new Error('no server of the cluster is running');
    return server;
  }
}

const startServer = (
  options: ReturnType<ServerOptions>,
  bus: number,
  nodeTimeoutMs: number,
): Promise<RedisServer> =>
  RedisServer.start({
    ...options,
    args: [
      ...COMMON_ARGS,
      ...['--cluster-enabled', 'yes', '--cluster-port', String(bus)],
      ...['--cluster-node-timeout', String(nodeTimeoutMs), '--cluster-replica-validity-factor', '0'],
      ...(options.args ?? []),
    ],
  });

/** Gives out the slots, introduces everybody to everybody, and lets replicas follow. */
const join = async (
  servers: readonly RedisServer[],
  buses: readonly number[],
): Promise<ReadonlyMap<RedisServer, string>> => {
  const ids = new Map<RedisServer, string>();
  await Promise.all(
    servers.map(async (server, i) => {
      ids.set(server, String(await server.call('CLUSTER', 'MYID')));
      await server.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
      if (i < MASTERS) await server.call('CLUSTER', 'ADDSLOTSRANGE', firstSlot(i), firstSlot(i + 1) - 1);
      for (const [j, other] of servers.entries()) {
        if (j < i) await server.call('CLUSTER', 'MEET', other.host, other.port, buses[j] ?? 0);
      }
    }),
  );
  await Promise.all(
    servers.slice(MASTERS).map(async (replica, i) => {
      const master = ids.get(servers[i] as RedisServer) ?? '';
      await until(async () => (await replica.call('CLUSTER', 'REPLICATE', master)) === 'OK', {
        timeoutMs: 15_000,
        what: 'a replica that knows its master',
      });
    }),
  );
  return ids;
};

const firstSlot = (master: number): number => Math.ceil((master * SLOTS) / MASTERS);

/** Who owns what as one server sees it: `0-5460:<port> 5461-…`. Ranges that touch are told as one. */
const ownersSeenBy = async (server: RedisServer): Promise<string> => {
  const ranges = (await server.call('CLUSTER', 'SLOTS')) as [number, number, [string, number, string]][];
  const merged: { from: number; to: number; port: number }[] = [];
  for (const [from, to, [, port]] of ranges.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && last.port === port && last.to + 1 === from) last.to = to;
    else merged.push({ from, to, port });
  }
  return merged.map(({ from, to, port }) => `${from}-${to}:${port}`).join(' ');
};
