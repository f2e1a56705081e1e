import type { Redis } from 'ioredis';
import type { OwnClaim, Status, Transition, View } from '../../src/domain/model.ts';
import type { PartitionKeys } from '../../src/redis/keys.ts';
import type { LogEntry } from '../../src/store/log-entry.ts';
import type { Beat, BeatReply } from '../../src/store/port/leases.ts';
import type { ApplyReply, Entry } from '../../src/store/port/reports.ts';
import type { ReapReply, SweepReply } from '../../src/store/port/upkeep.ts';
import type { SelfView } from '../../src/store/port/views.ts';
import { decodeStreamEntry } from '../../src/store/redis/log-codec.ts';
import type { RedisStore, RedisStoreOptions } from '../../src/store/redis/redis-store.ts';
import { MACHINE } from '../support/own-time.ts';
import { entryOf, openRawStore, type RawStore } from '../support/raw-store.ts';
import { readStoredRow, type StoredHolding, type StoredRow } from '../support/stored-row.ts';

/** When every story begins, ms: time stands until a test moves it. */
export const START = Date.UTC(2100, 0, 1);
export const INTERVAL = 20_000;
export const TTL = 60_000;
export const GRACE = 5000;
export const RETENTION = 10_000_000;
const REVOCATION = 20_000_000;
export const TENANT = 'acme';
const POLICY = {
  idleAwayMs: 300_000,
  idleOfflineMs: 1_800_000,
  graceMs: GRACE,
  retentionMs: RETENTION,
  revocationMs: REVOCATION,
};

/** What a node would remember of the partition. */
interface Memory {
  gen: string | undefined;
  seen: number;
  acked: number;
  seq: number;
}

/** One partition in Redis whose time stands where the test puts it, and nodes that remember what nodes do. */
export class Timeline {
  readonly raw: RawStore;
  readonly #nodes = new Map<string, Memory>();

  private constructor(raw: RawStore) {
    this.raw = raw;
  }

  static async open(url: string, more: Partial<RedisStoreOptions> = {}, prefix?: string): Promise<Timeline> {
    const raw = await openRawStore(
      url,
      { partitions: 1, heartbeatIntervalMs: INTERVAL, heartbeatTtlMs: TTL, policy: POLICY, ...more },
      prefix,
    );
    const line = new Timeline(raw);
    for (const { meta } of raw.keys.partitions) await raw.redis.hset(meta, MACHINE, START * 1000);
    return line;
  }

  /** A partition that is known and not on hold, in which these nodes beat. */
  static async running(
    url: string,
    nodes: readonly string[] = ['a.0'],
    more: Partial<RedisStoreOptions> = {},
  ): Promise<Timeline> {
    const line = await Timeline.open(url, more);
    for (const node of nodes) await line.beat(node);
    await line.pass(INTERVAL * 1.5);
    for (const node of nodes) await line.beat(node);
    return line;
  }

  get store(): RedisStore {
    return this.raw.store;
  }

  get redis(): Redis {
    return this.raw.redis;
  }

  get keys(): PartitionKeys {
    return this.raw.keys.partitions[0] as PartitionKeys;
  }

  stop(): Promise<void> {
    return this.raw.stop();
  }

  /** The partition's time of day, ms after {@link START}. */
  async now(): Promise<number> {
    return Math.floor((await this.machine()) / 1000) - START;
  }

  /** What the machine of Redis takes the time of day for, µs. */
  async machine(): Promise<number> {
    return Number(await this.redis.hget(this.keys.meta, MACHINE));
  }

  /** Redis came back with nothing, a second later. */
  async everythingIsLost(): Promise<void> {
    const machine = await this.machine();
    await this.raw.loseEverything();
    await this.redis.hset(this.keys.meta, MACHINE, machine + 1_000_000);
  }

  /** The hybrid clock as stored, µs. */
  async clock(): Promise<number> {
    return Number(await this.redis.hget(this.keys.meta, 'clock'));
  }

  /** Time passes; these nodes go on beating. */
  async pass(ms: number, ...alive: readonly string[]): Promise<void> {
    for (let left = ms; left > 0; left -= INTERVAL) {
      await this.redis.hincrby(this.keys.meta, MACHINE, Math.min(left, INTERVAL) * 1000);
      for (const node of alive) await this.beat(node);
    }
  }

  memory(node: string): Memory {
    let memory = this.#nodes.get(node);
    if (!memory) {
      memory = { gen: undefined, seen: 0, acked: 0, seq: 0 };
      this.#nodes.set(node, memory);
    }
    return memory;
  }

  async beat(node: string, more: Partial<Beat> = {}): Promise<BeatReply> {
    const memory = this.memory(node);
    const { gen, seen, acked } = memory;
    const reply = await this.store.leases.beat(0, {
      node,
      seen,
      acked,
      lagMs: 0,
      ...(gen && { gen }),
      ...more,
    });
    if (!reply.fenced) {
      memory.gen = reply.gen;
      memory.seen = Math.max(seen, reply.clock);
      if (reply.lost) memory.acked = 0;
    }
    return reply;
  }

  /** One batch of a node, under its next number. */
  async tell(node: string, ...entries: Entry[]): Promise<ApplyReply> {
    const memory = this.memory(node);
    const { gen = '', seen, acked: base } = memory;
    memory.seq += 1;
    const { seq } = memory;
    const reply = await this.store.reports.apply(0, { node, gen, seen, base, seq, entries });
    if (reply.result === 'ok') {
      memory.acked = seq;
      memory.seen = Math.max(seen, reply.clock);
    }
    return reply;
  }

  /** A connection opens now, in use. */
  opens(node: string, user: string, more: Partial<Entry> = {}): Promise<ApplyReply> {
    return this.tell(node, entryOf(user, { activeAgo: 0, graceMs: GRACE, ...more }));
  }

  /** The last connection of a user there closes now, without a goodbye. */
  closes(node: string, user: string, more: Partial<Entry> = {}): Promise<ApplyReply> {
    return this.opens(node, user, { count: 0, openedAgo: 1000, closedAgo: 0, activeAgo: 1000, ...more });
  }

  /** The node beats no more, and its lease is over. */
  async dies(node: string): Promise<void> {
    await this.redis.del(this.keys.beat(node));
  }

  reap(): Promise<ReapReply> {
    return this.store.upkeep.reap(0);
  }

  async sweep(): Promise<SweepReply> {
    return this.store.upkeep.sweep(0, (await this.machine()) / 1000);
  }

  /** Members and scores of the queue of deadlines, the next one first. */
  due(): Promise<string[]> {
    return this.redis.zrange(this.keys.due, '0', '-1', 'WITHSCORES');
  }

  async view(user: string): Promise<View> {
    return (await this.self(user)).view;
  }

  self(user: string): Promise<SelfView> {
    return this.store.views.readSelf({ tenant: TENANT, user });
  }

  async status(user: string): Promise<Status> {
    return (await this.view(user)).status;
  }

  async log(): Promise<LogEntry[]> {
    const entries = await this.redis.xrange(this.keys.log, '-', '+');
    return entries.map(([id, fields]) => decodeStreamEntry(id, fields));
  }

  async transitions(): Promise<Transition[]> {
    return (await this.log()).flatMap((entry) => (entry.kind === 'transition' ? [entry.transition] : []));
  }

  /** Status and reason of every transition, in order. */
  async story(user?: string): Promise<string[]> {
    const all = await this.transitions();
    return all
      .filter((each) => user === undefined || each.user === user)
      .map(({ status, reason }) => `${status} ${reason}`);
  }

  async claimsTold(): Promise<OwnClaim[]> {
    return (await this.log()).flatMap((entry) =>
      entry.kind === 'command' && entry.command.type === 'claim' ? [entry.command.claim] : [],
    );
  }

  meta(field: string): Promise<string | null> {
    return this.redis.hget(this.keys.meta, field);
  }

  /** What is stored of a user. */
  row(user: string): Promise<StoredRow | undefined> {
    return readStoredRow(this.redis, this.keys.user({ tenant: TENANT, user }));
  }

  /** What is stored of a user's connections on one node. */
  async part(user: string, node: string): Promise<StoredHolding | undefined> {
    return (await this.row(user))?.nodes.find((part) => part.node === node);
  }

  /** When the running grace of a user began, ms after {@link START}. */
  async graceFrom(user: string): Promise<number | undefined> {
    const leave = (await this.row(user))?.grace;
    return leave && leave.at - START;
  }
}
