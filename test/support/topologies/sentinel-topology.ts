import { randomBytes } from 'node:crypto';
import type { Certificates } from '../certificates.ts';
import { freePort } from '../ports.ts';
import { RedisServer } from '../redis-server.ts';
import { until } from '../until.ts';
import { COMMON_ARGS, type RedisTopology, type ServerOptions, withTls } from './redis-topology.ts';

export interface SentinelOptions {
  /** Silence after which a sentinel holds the master for dead, ms. Default 1000. */
  readonly downAfterMs?: number;
  readonly server?: ServerOptions;
  /** What the sentinels ask of their own clients. */
  readonly sentinelPassword?: string;
  /** TLS between all of them, and with clients. */
  readonly certificates?: Certificates;
}

const MASTER_NAME = 'mymaster';
const REPLICAS = 2;
const SENTINELS = 3;
const QUORUM = 2;

/** Sentinels look once in 10 s or 2 s; tests have no time for that. The last two are for a machine that is busy. */
const FAST = {
  'INFO-PERIOD': 300,
  'PUBLISH-PERIOD': 300,
  'ASK-PERIOD': 300,
  'PING-PERIOD': 200,
  'MIN-LINK-RECONNECT-PERIOD': 500,
  'TILT-TRIGGER': 10_000,
  'TILT-PERIOD': 2_000,
} as const;

/** One master, two replicas and three sentinels that know each other from the beginning. */
export class SentinelTopology implements RedisTopology {
  readonly kind = 'sentinel';
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  readonly #options: SentinelOptions;

  private constructor(
    servers: readonly RedisServer[],
    sentinels: readonly RedisServer[],
    options: SentinelOptions,
  ) {
    this.servers = servers;
    this.sentinels = sentinels;
    this.#options = options;
  }

  /** Up within two or three seconds. */
  static async start(options: SentinelOptions = {}): Promise<SentinelTopology> {
    const started: RedisServer[] = [];
    const { server: own = () => ({}), certificates } = options;
    const server: ServerOptions = (index) => withTls(own(index), certificates);
    try {
      const master = await startServer(0, server, []);
      started.push(master);
      const replicas = await all(
        Array.from({ length: REPLICAS }, (_, i) =>
          startServer(i + 1, server, ['--replicaof', `${master.host} ${master.port}`]),
        ),
        started,
      );
      for (const replica of replicas) await followsMaster(replica);
      const sentinels = await startSentinels(master, replicas, options, started);
      const topology = new SentinelTopology([master, ...replicas], sentinels, options);
      await topology.healthy();
      return topology;
    } catch (error) {
      await Promise.all(started.map((each) => each.stop()));
      throw error;
    }
  }

  get url(): string {
    const hosts = this.sentinels.map(({ host, port }) => `${host}:${port}`);
    const { sentinelPassword: password, certificates } = this.#options;
    const access = password === undefined ? '' : `?sentinelPassword=${password}`;
    return `${certificates ? 'rediss' : 'redis'}+sentinel://${hosts.join(',')}/${MASTER_NAME}${access}`;
  }

  /** The master that most sentinels name. */
  async master(): Promise<RedisServer> {
    const votes = new Map<RedisServer, number>();
    for (const sentinel of this.sentinels) {
      const address = (await sentinel
        .call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME)
        .catch(() => undefined)) as [string, string] | undefined;
      const named = this.servers.find(({ port }) => String(port) === address?.[1]);
      if (named === undefined) continue;
      votes.set(named, (votes.get(named) ?? 0) + 1);
      if ((votes.get(named) ?? 0) >= QUORUM) return named;
    }
    throw new Error('the sentinels do not agree on a master');
  }

  async masters(): Promise<readonly RedisServer[]> {
    return [await this.master()];
  }

  /** Everybody that is running and not the master. */
  async replicas(): Promise<readonly RedisServer[]> {
    const master = await this.master();
    return this.servers.filter((server) => server !== master && server.running);
  }

  async healthy(timeoutMs = 20_000): Promise<void> {
    const looks = async (): Promise<boolean> => {
      const master = await this.master();
      if ((await roleOf(master)) !== 'master') return false;
      for (const replica of await this.replicas()) {
        if (!(await follows(replica, master))) return false;
      }
      for (const sentinel of this.sentinels.filter(({ running }) => running)) {
        if (!String(await sentinel.call('SENTINEL', 'CKQUORUM', MASTER_NAME)).startsWith('OK')) return false;
      }
      return true;
    };
    await until(looks, { timeoutMs, everyMs: 50, what: 'a healthy master with its replicas' });
  }

  /**
   * Has the sentinels replace the master, which stays alive and becomes a replica, as an operator does it. Whatever the
   * chosen replica does not have (see {@link holdReplication}) is lost.
   * @returns the new master, as soon as it takes writes and most sentinels name it.
   */
  async failover(timeoutMs = 20_000): Promise<RedisServer> {
    const before = await this.master();
    // Refused for a while when another one has just been (INPROG), or no replica looks good yet (NOGOODSLAVE).
    await until(
      async () => {
        const [sentinel] = this.sentinels.filter(({ running }) => running);
        return (await sentinel?.call('SENTINEL', 'FAILOVER', MASTER_NAME)) === 'OK';
      },
      { timeoutMs, everyMs: 100, what: 'a failover to be accepted' },
    );
    return this.replaced(before, timeoutMs);
  }

  /** `kill -9` of the master; the sentinels have to notice. @returns the killed one and its successor. */
  async killMaster(timeoutMs = 30_000): Promise<{ killed: RedisServer; master: RedisServer }> {
    const killed = await this.master();
    await killed.kill();
    return { killed, master: await this.replaced(killed, timeoutMs) };
  }

  /** Waits until most sentinels name another master than `before`, and that one takes writes. */
  async replaced(before: RedisServer, timeoutMs = 30_000): Promise<RedisServer> {
    return until(
      async () => {
        const now = await this.master();
        return now !== before && (await roleOf(now)) === 'master' ? now : undefined;
      },
      { timeoutMs, everyMs: 50, what: 'another master' },
    );
  }

  /**
   * Cuts replicas off from the master, so that they lag behind while everybody sees them alive. A failover within about
   * 10 × `downAfterMs` loses what was written since. {@link resumeReplication} undoes it, also after a failover.
   */
  async holdReplication(): Promise<void> {
    for (const replica of await this.replicas()) {
      // Nobody of that name may log in, so the link that is cut does not come back.
      await replica.call(
        'CONFIG',
        'SET',
        'masteruser',
        'nobody',
        'masterauth',
        randomBytes(8).toString('hex'),
      );
      await replica.call('CLIENT', 'KILL', 'TYPE', 'master');
    }
  }

  async resumeReplication(): Promise<void> {
    for (const server of this.servers.filter(({ running }) => running)) {
      await server.call('CONFIG', 'SET', 'masteruser', '', 'masterauth', '');
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((server) => server.stop()));
  }
}

const startServer = (index: number, server: ServerOptions, args: readonly string[]): Promise<RedisServer> => {
  const options = server(index);
  return RedisServer.start({ ...options, args: [...COMMON_ARGS, ...args, ...(options.args ?? [])] });
};

/** Waits for all, so that none is forgotten when another one fails. */
const all = async (
  starting: readonly Promise<RedisServer>[],
  started: RedisServer[],
): Promise<RedisServer[]> => {
  const settled = await Promise.allSettled(starting);
  const servers = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  started.push(...servers);
  for (const each of settled) if (each.status === 'rejected') throw each.reason;
  return servers;
};

const startSentinels = async (
  master: RedisServer,
  replicas: readonly RedisServer[],
  { downAfterMs = 1000, sentinelPassword: password, certificates }: SentinelOptions,
  started: RedisServer[],
): Promise<RedisServer[]> => {
  const ids = Array.from({ length: SENTINELS }, () => randomBytes(20).toString('hex'));
  const ports: number[] = [];
  for (const _ of ids) ports.push(await freePort());
  const config = (own: number): string =>
    [
      `sentinel myid ${ids[own]}`,
      `sentinel monitor ${MASTER_NAME} ${master.host} ${master.port} ${QUORUM}`,
      `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${MASTER_NAME} 5000`,
      `sentinel parallel-syncs ${MASTER_NAME} ${REPLICAS}`,
      ...(password === undefined ? [] : [`requirepass ${password}`, `sentinel sentinel-pass ${password}`]),
      ...replicas.map(({ host, port }) => `sentinel known-replica ${MASTER_NAME} ${host} ${port}`),
      ...ids.flatMap((id, i) =>
        i === own ? [] : [`sentinel known-sentinel ${MASTER_NAME} ${master.host} ${ports[i]} ${id}`],
      ),
      '',
    ].join('\n');
  const sentinels = await all(
    ports.map((port, i) =>
      RedisServer.start({
        ...certificates?.server,
        port,
        sentinel: config(i),
        connection: { ...certificates?.server.connection, ...(password !== undefined && { password }) },
      }),
    ),
    started,
  );
  for (const sentinel of sentinels) await sentinel.call('SENTINEL', 'DEBUG', ...Object.entries(FAST).flat());
  return sentinels;
};

const roleOf = async (server: RedisServer): Promise<string | undefined> => server.info('role', 'replication');

const follows = async (replica: RedisServer, master: RedisServer): Promise<boolean> => {
  const text = String(await replica.call('INFO', 'replication'));
  return text.includes('master_link_status:up') && text.includes(`master_port:${master.port}\r`);
};

const followsMaster = (replica: RedisServer): Promise<boolean> =>
  until(async () => (await replica.info('master_link_status', 'replication')) === 'up', {
    timeoutMs: 15_000,
    what: 'a replica that follows',
  });
