import calculateSlot from 'cluster-key-slot';
import { partitionTags } from '../../../src/redis/keys.ts';
import type { Certificates } from '../certificates.ts';
import type { RedisServer } from '../redis-server.ts';
import { until } from '../until.ts';
import { form, MASTERS, type Member, meet, nameOf, SLOTS, startMember } from './cluster-formation.ts';
import { type RedisTopology, type ServerOptions, withTls } from './redis-topology.ts';
import { migrateSlot } from './slot-migration.ts';

export interface ClusterTopologyOptions {
  /** Silence after which a master is held for dead, ms. Default 1500: its replica takes over within about a second more. */
  readonly nodeTimeoutMs?: number;
  readonly server?: ServerOptions;
  /** TLS between all of them, and with clients. */
  readonly certificates?: Certificates;
}

/** Three masters that share the slots evenly, each with one replica: server `i + 3` follows server `i` at first. */
export class ClusterTopology implements RedisTopology {
  readonly kind = 'cluster';
  readonly #members: Member[];
  readonly #ids: Map<RedisServer, string>;
  readonly #options: ClusterTopologyOptions;

  private constructor(members: Member[], ids: Map<RedisServer, string>, options: ClusterTopologyOptions) {
    this.#members = members;
    this.#ids = ids;
    this.#options = options;
  }

  /** Up within three to five seconds, of which Redis itself wants two. */
  static async start(options: ClusterTopologyOptions = {}): Promise<ClusterTopology> {
    const settled = await Promise.allSettled(
      Array.from({ length: 2 * MASTERS }, (_, index) => memberOf(options, index)),
    );
    const members = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    try {
      for (const each of settled) if (each.status === 'rejected') throw each.reason;
      const topology = new ClusterTopology(members, await form(members), options);
      await topology.healthy();
      return topology;
    } catch (error) {
      await Promise.all(members.map(({ server }) => server.stop()));
      throw error;
    }
  }

  get servers(): readonly RedisServer[] {
    return this.#members.map(({ server }) => server);
  }

  /** One more master, which owns no slot yet and knows no function. */
  async addMaster(): Promise<RedisServer> {
    const member = await memberOf(this.#options, this.#members.length);
    this.#ids.set(member.server, await nameOf(member.server));
    const others = [...this.#members];
    this.#members.push(member);
    await meet(member.server, others);
    await this.healthy();
    return member.server;
  }

  get url(): string {
    const hosts = this.servers.slice(0, MASTERS).map(({ host, port }) => `${host}:${port}`);
    return `${this.#options.certificates ? 'rediss' : 'redis'}+cluster://${hosts.join(',')}`;
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
        return new Set(views).size === 1 && (await this.#everybodyKnown(running));
      },
      { timeoutMs, everyMs: 50, what: 'a cluster whose servers agree' },
    );
  }

  /** Has a running replica of this master take its place, without loss; both stay alive. @returns the new master. */
  async failover(master: RedisServer, timeoutMs = 20_000): Promise<RedisServer> {
    const [replica] = await this.replicasOf(master);
    if (replica === undefined) throw new Error('this master has no replica');
    await replica.call('CLUSTER', 'FAILOVER');
    await this.promoted(replica, [], timeoutMs);
    return replica;
  }

  /** `kill -9`; the others have to notice. @returns the replica that took its place, once everybody knows. */
  async killMaster(master: RedisServer, timeoutMs = 30_000): Promise<RedisServer> {
    const [replica] = await this.replicasOf(master);
    if (replica === undefined) throw new Error('this master has no replica');
    await master.kill();
    await this.promoted(replica, [], timeoutMs);
    return replica;
  }

  /**
   * Moves one slot with its keys to another master while both go on serving it.
   * @param to - default: some other master.
   * @param whileOpen - called once the first keys have moved: the slot stays half here and half there until it resolves.
   */
  async migrate(
    slot: number,
    to?: RedisServer,
    whileOpen?: () => Promise<unknown>,
  ): Promise<{ from: RedisServer; to: RedisServer }> {
    const from = await this.ownerOf(slot);
    const masters = await this.masters();
    const target = to ?? masters.find((master) => master !== from);
    if (target === undefined) throw new Error('there is no other master');
    await migrateSlot({
      slot,
      from: { server: from, id: this.idOf(from) },
      to: { server: target, id: this.idOf(target) },
      others: masters.filter((master) => master !== from && master !== target),
      ...(whileOpen && { whileOpen }),
    });
    return { from, to: target };
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  /** Waits until everybody running takes this replica for a master. @param except - who cannot be asked: paused ones. */
  async promoted(
    replica: RedisServer,
    except: readonly RedisServer[] = [],
    timeoutMs = 30_000,
  ): Promise<void> {
    await until(
      async () => {
        if ((await replica.info('role', 'replication')) !== 'master') return false;
        const running = this.servers.filter((server) => server.running && !except.includes(server));
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

  async #everybodyKnown(running: readonly RedisServer[]): Promise<boolean> {
    const infos = await Promise.all(running.map((server) => server.call('CLUSTER', 'INFO')));
    return infos.every((info) => String(info).includes(`cluster_known_nodes:${this.#members.length}`));
  }

  #anyRunning(): RedisServer {
    const server = this.servers.find((each) => each.running);
    if (server === undefined) throw new Error('no server of the cluster is running');
    return server;
  }
}

const memberOf = (
  { server = () => ({}), nodeTimeoutMs = 1500, certificates }: ClusterTopologyOptions,
  index: number,
): Promise<Member> => startMember(withTls(server(index), certificates), nodeTimeoutMs);

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
