import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { parseRedisUrl } from '../../src/config/redis-url.ts';
import { RedisFeed } from '../../src/events/redis-feed.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import type { LinkOptions } from '../../src/redis/client.ts';
import { createKeys, type Keys, type PartitionKeys } from '../../src/redis/keys.ts';
import { RedisLink } from '../../src/redis/link.ts';
import type { BeatReply } from '../../src/store/port/leases.ts';
import type { Entry } from '../../src/store/port/reports.ts';
import { encodePolicy } from '../../src/store/redis/encode.ts';
import { streamId } from '../../src/store/redis/log-codec.ts';
import { RedisStore, type RedisStoreOptions } from '../../src/store/redis/redis-store.ts';
import { systemClock } from '../../src/time/clock.ts';
import { openObserver } from '../support/observer.ts';
import { withOwnTime } from '../support/own-time.ts';
import { PlaceWriter, type Told, withPlaceWriter } from '../support/place-writer.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

export const PARTITIONS = 4;
export const COMMAND_MS = 1000;
/** Beats come when a test says so. */
const SILENT_MS = 60_000;
const NODE = 'w1.0';

export const entryOf = (user: string, count: number): Entry => ({
  tenant: 'acme',
  user,
  count,
  activeAgo: 0,
  idle: false,
  openedAgo: 0,
  closedAgo: -1,
  graceMs: 0,
  devices: count > 0 ? ['web'] : [],
  iat: 0,
});

interface Proxies {
  readonly commands: TcpProxy;
  readonly messages: TcpProxy;
}

const proxiesTo = async (url: string): Promise<Proxies | undefined> => {
  const { topology, hosts } = parseRedisUrl(url);
  const [target] = hosts;
  if (topology !== 'standalone' || target === undefined) return undefined;
  return { commands: await TcpProxy.start(target), messages: await TcpProxy.start(target) };
};

/**
 * A node that writes, and a feed that reads what it wrote. The feed's two connections go through proxies of their own,
 * so that a test can break either.
 */
export class RealFeed {
  readonly prefix: string;
  readonly keys: Keys;
  readonly metrics = createMetrics();
  /** `user status` of every transition, `user change data` of places, and `reset partition`, in the order in which they came. */
  readonly seen: string[] = [];
  readonly ids: number[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly subscriberName = `sub-${randomBytes(6).toString('hex')}`;
  /** What the feed warned of. */
  readonly warnings: string[] = [];
  readonly redis: Redis;
  readonly #proxies: Proxies | undefined;
  readonly feed: RedisFeed;
  readonly #writer: RedisStore;
  readonly #places: PlaceWriter;
  readonly #links: readonly RedisLink[];
  readonly #gens: string[] = [];
  readonly #seqs: number[] = [];

  private constructor(
    url: string,
    prefix: string,
    proxies: Proxies | undefined,
    more: Partial<RedisStoreOptions>,
  ) {
    this.prefix = prefix;
    this.keys = createKeys(prefix, PARTITIONS);
    this.redis = openObserver(url);
    this.#proxies = proxies;
    const options = (address: string, name: string): LinkOptions => ({
      address: parseRedisUrl(address),
      name,
      commandTimeoutMs: COMMAND_MS,
      metrics: this.metrics,
      logger: pino({ level: 'silent' }),
      random: () => 0.5,
    });
    const writerLink = new RedisLink(options(url, 'writer'), withPlaceWriter());
    const readerLink = new RedisLink(options(proxies?.commands.url ?? url, 'reader'), withOwnTime());
    this.#links = [writerLink, readerLink];
    const store: RedisStoreOptions = {
      partitions: PARTITIONS,
      lastSeen: 'exact',
      heartbeatIntervalMs: 60_000,
      heartbeatTtlMs: 600_000,
      policy: { idleAwayMs: 0, idleOfflineMs: 0, graceMs: 0, retentionMs: 600_000, revocationMs: 600_000 },
      link: writerLink,
      keys: this.keys,
      eventLogSeconds: 600,
      eventLogMax: 1_000_000,
      publishTenantEvents: false,
      writeReplicas: 0,
      replicaTimeoutMs: 0,
      newGeneration: () => randomBytes(6).toString('hex'),
      ...more,
    };
    this.#writer = new RedisStore(store);
    this.#places = new PlaceWriter(writerLink, encodePolicy(store, ''));
    this.feed = new RedisFeed({
      link: readerLink,
      subscriber: options(proxies?.messages.url ?? url, this.subscriberName),
      keys: this.keys,
      heartbeatIntervalMs: SILENT_MS,
      clock: systemClock,
      metrics: this.metrics,
      logger: pino({ level: 'warn' }, { write: (line) => this.warnings.push(JSON.parse(line).msg) }),
    });
    this.feed.subscribe({
      transition: ({ id, partition, transition }) => {
        this.seen.push(`${transition.user} ${transition.status}`);
        this.ids[partition]?.push(id);
      },
      place: ({ id, partition, place: { user, change, data = '' } }) => {
        this.seen.push(`${user} ${change} ${data}`.trim());
        this.ids[partition]?.push(id);
      },
      reset: (partition) => this.seen.push(`reset ${partition}`),
    });
  }

  /**
   * @param options - `prefix`: of another rig, to look at the same data; `deaf`: the subscriber cannot connect yet;
   * `store`: settings of the node that writes.
   */
  static async start(
    url: string,
    options: { prefix?: string; deaf?: boolean; store?: Partial<RedisStoreOptions> } = {},
  ): Promise<RealFeed> {
    const { prefix = `feed-${randomBytes(6).toString('hex')}`, deaf = false, store = {} } = options;
    const rig = new RealFeed(url, prefix, await proxiesTo(url), store);
    if (deaf) rig.proxies.messages.cut();
    for (const link of rig.#links) await link.start();
    await rig.feed.start();
    for (let partition = 0; partition < PARTITIONS; partition += 1) await rig.beat(partition);
    return rig;
  }

  async stop(): Promise<void> {
    await this.feed.stop();
    for (const link of this.#links) await link.stop();
    for (const proxy of Object.values(this.#proxies ?? {})) await proxy.stop();
    const keys = await this.redis.keys(`${this.prefix}:*`);
    if (keys.length > 0) await this.redis.del(...keys);
    this.redis.disconnect();
  }

  /** @throws Error on several servers, where addresses come from the servers themselves. */
  get proxies(): Proxies {
    if (this.#proxies === undefined) throw new Error('only a single Redis can be behind a proxy');
    return this.#proxies;
  }

  partitionOf(user: string): number {
    return this.#writer.partitionOf({ tenant: 'acme', user });
  }

  /** So many users of one partition. */
  users(count: number, partition = 0): string[] {
    const users: string[] = [];
    for (let i = 0; users.length < count; i += 1) {
      if (this.partitionOf(`user${i}`) === partition) users.push(`user${i}`);
    }
    return users;
  }

  /** A heartbeat is answered. */
  async beat(partition = 0): Promise<void> {
    const { gen, last, clock } = await this.beatSilently(partition);
    this.feed.expect(partition, gen, last, clock);
  }

  /** A heartbeat of another node is answered, which tells this feed nothing. */
  async beatSilently(partition = 0): Promise<BeatReply> {
    const gen = this.#gens[partition];
    const reply = await this.#writer.leases.beat(partition, {
      node: NODE,
      ...(gen !== undefined && { gen }),
      seen: 0,
      acked: 0,
      lagMs: 0,
    });
    this.#gens[partition] = reply.gen;
    // Holding still after a loss is not what is looked at here.
    const meta = this.keys.partitions[partition]?.meta ?? '';
    await this.redis.hset(meta, { hold: 0, young: 0 });
    return reply;
  }

  /** One script that brings these users online, or takes them offline. */
  async write(users: readonly string[], online = true): Promise<void> {
    const partition = this.partitionOf(users[0] ?? '');
    const seq = (this.#seqs[partition] ?? 0) + 1;
    this.#seqs[partition] = seq;
    const entries = users.map((user) => entryOf(user, online ? 1 : 0));
    const gen = this.#gens[partition] ?? '';
    const batch = { node: NODE, gen, seen: 0, base: 0, seq, entries };
    const { result } = await this.#writer.reports.apply(partition, batch);
    if (result !== 'ok') throw new Error(`the writer was told ${result}`);
  }

  /** This happened in places of the first partition. `isHeard` false: its message is lost. */
  tell(changes: readonly Told[], isHeard = true): Promise<void> {
    return this.#places.tell(this.first, changes, isHeard);
  }

  /** Somebody says something with their status. */
  async say(user: string, text: string): Promise<void> {
    await this.#writer.people.claimOwn({ tenant: 'acme', user }, { status: 'busy', text });
  }

  get first(): PartitionKeys {
    return this.keys.partitions[0] as PartitionKeys;
  }

  /** The first partition loses everything. */
  async lose(): Promise<void> {
    const tag = this.first.meta.slice(0, -'meta'.length);
    await this.redis.del(...(await this.redis.keys(`${tag}*`)));
  }

  /** An entry that no release understands, where a script would have written one. */
  async writeNonsense(): Promise<void> {
    const { log, meta } = this.first;
    const clock = Number(await this.redis.hget(meta, 'clock')) + 10;
    await this.redis.xadd(log, streamId(clock), 'k', 't', 'v', '1', 'e', '{broken', 'd', '0');
    await this.redis.hset(meta, { clock, last: clock });
  }

  /** Ends the feed's subscriber connection, and nobody else's. */
  async killSubscriber(): Promise<number> {
    const list = String(await this.redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
    const ids = list.split('\n').filter((line) => line.includes(`name=${this.subscriberName} `));
    for (const line of ids) await this.redis.call('CLIENT', 'KILL', 'ID', /id=(\d+)/.exec(line)?.[1] ?? '');
    return ids.length;
  }

  /** Redis knows somebody who listens to the first partition. */
  async isSubscribed(): Promise<boolean> {
    const [, count] = (await this.redis.call('PUBSUB', 'SHARDNUMSUB', this.first.events)) as [string, number];
    return count > 0;
  }

  /** How often Redis was asked for anything, by the name of the command or function. */
  async calls(): Promise<Record<string, number>> {
    const { values } = await this.metrics.redisSeconds.get();
    const counts = values.filter(({ metricName }) => metricName?.endsWith('_count'));
    return Object.fromEntries(counts.map(({ labels, value }) => [labels.command ?? '', value]));
  }

  async gapsRepaired(): Promise<number> {
    return (await this.metrics.gapsRepaired.get()).values[0]?.value ?? 0;
  }
}

export const online = (users: readonly string[]): string[] => users.map((user) => `${user} online`);
