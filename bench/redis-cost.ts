import { randomBytes, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { parseRedisUrl } from '../src/config/redis-url.ts';
import type { View } from '../src/domain/model.ts';
import { createMetrics } from '../src/observability/metrics.ts';

import { createKeys } from '../src/redis/keys.ts';
import { RedisLink } from '../src/redis/link.ts';
import type { Entry } from '../src/store/port/reports.ts';
import { Library } from '../src/store/redis/library.ts';
import { RedisStore } from '../src/store/redis/redis-store.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { until } from '../test/support/until.ts';
import { redisCpu, usedMemory } from './lib/redis-stats.ts';
import type { Benchmark, Sample } from './lib/result.ts';

const USERS = 100_000;
const FILLED_BY = 500;
const ALONE = 20_000;
const BATCH = 64;
const PARTITIONS = 16;
const PREFIX = 'bench';
const BEAT_MS = 1_000;

/** What one node keeps of a partition, to write to it as a node does. */
interface Side {
  readonly partition: number;
  gen: string;
  clock: number;
  seq: number;
  holdMs: number;
  /** Users of the partition, and the view that the node last saw of each. */
  readonly users: { readonly user: string; known?: View }[];
}

class Driver {
  readonly #store: RedisStore;
  /** As long as the ids of nodes are: it is part of every row. */
  readonly #node = `${randomBytes(5).toString('hex')}.1`;
  readonly sides: Side[];
  #beating: NodeJS.Timeout | undefined;

  constructor(store: RedisStore) {
    this.#store = store;
    this.sides = Array.from({ length: PARTITIONS }, (_, partition) => ({
      partition,
      gen: '',
      clock: 0,
      seq: 0,
      holdMs: 1,
      users: [],
    }));
    for (let i = 0; i < USERS; i++) {
      const user = randomUUID();
      this.sides[store.partitionOf({ tenant: 'default', user })]?.users.push({ user });
    }
  }

  async start(): Promise<void> {
    await this.#store.start();
    await this.#beat();
    this.#beating = setInterval(() => {
      this.#beat().catch(() => undefined);
    }, BEAT_MS);
  }

  async settled(): Promise<void> {
    await until(() => this.sides.every((side) => side.holdMs === 0), {
      timeoutMs: 30_000,
      what: 'the end of the hold',
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#beating);
    await this.#store.stop();
  }

  async #beat(): Promise<void> {
    await Promise.all(
      this.sides.map(async (side) => {
        const reply = await this.#store.leases.beat(side.partition, {
          node: this.#node,
          ...(side.gen !== '' && { gen: side.gen }),
          seen: side.clock,
          acked: side.seq,
          lagMs: 0,
        });
        Object.assign(side, {
          gen: reply.gen,
          holdMs: reply.holdMs,
          clock: Math.max(side.clock, reply.clock),
        });
      }),
    );
  }

  /** Turns so many users online or offline, in batches of one size, one batch in flight a partition as on a node. */
  async turn(online: boolean, users: number, size: number): Promise<number> {
    const share = Math.floor(users / PARTITIONS);
    const done = await Promise.all(
      this.sides.map(async (side) => {
        const chosen = side.users.slice(0, share);
        for (let i = 0; i < chosen.length; i += size)
          await this.#apply(side, chosen.slice(i, i + size), online);
        return chosen.length;
      }),
    );
    return done.reduce((sum, count) => sum + count, 0);
  }

  async #apply(side: Side, users: Side['users'], online: boolean): Promise<void> {
    const entries = users.map(
      ({ user, known }): Entry => ({
        tenant: 'default',
        user,
        count: online ? 1 : 0,
        activeAgo: -1,
        idle: false,
        openedAgo: online ? 0 : 1_000,
        closedAgo: -1,
        graceMs: 5_000,
        devices: online ? ['web'] : [],
        iat: 1_700_000_000,
        ...(known !== undefined && { known }),
      }),
    );
    const base = side.seq;
    const reply = await this.#store.reports.apply(side.partition, {
      node: this.#node,
      gen: side.gen,
      seen: side.clock,
      base,
      seq: base + 1,
      entries,
    });
    if (reply.result !== 'ok') throw new Error(`a batch was answered ${reply.result}`);
    side.seq = base + 1;
    side.clock = Math.max(side.clock, reply.clock);
    const wanted = online ? 'online' : 'offline';
    for (const [position, user] of users.entries()) {
      const view = reply.selves.get(position)?.view;
      if (view?.status !== wanted) throw new Error(`a user did not become ${wanted}`);
      user.known = view;
    }
  }
}

const createStore = (redis: RedisServer): RedisStore => {
  const metrics = createMetrics();
  const link = new RedisLink(
    {
      address: parseRedisUrl(redis.url),
      name: 'bench',
      commandTimeoutMs: 10_000,
      metrics,
      logger: pino({ level: 'silent' }),
      random: Math.random,
    },
    new Library(),
  );
  return new RedisStore({
    link,
    keys: createKeys(PREFIX, PARTITIONS),
    partitions: PARTITIONS,
    policy: {
      idleAwayMs: 300_000,
      idleOfflineMs: 1_800_000,
      graceMs: 5_000,
      retentionMs: 30 * 86_400_000,
      revocationMs: 30 * 86_400_000,
    },
    lastSeen: 'exact',
    heartbeatIntervalMs: 2_000,
    heartbeatTtlMs: 6_000,
    eventLogSeconds: 3_600,
    eventLogMax: 1_000_000,
    publishTenantEvents: true,
    writeReplicas: 0,
    replicaTimeoutMs: 1000,
    newGeneration: () => randomBytes(8).toString('hex'),
  });
};

const logBytes = async (redis: RedisServer): Promise<number> => {
  let bytes = 0;
  for (const { log } of createKeys(PREFIX, PARTITIONS).partitions) {
    bytes += Number((await redis.call('MEMORY', 'USAGE', log, 'SAMPLES', 0)) ?? 0);
  }
  return bytes;
};

const run = async (): Promise<Sample[]> => {
  const redis = await RedisServer.start();
  const driver = new Driver(createStore(redis));
  /** Redis' CPU time for each of the transitions, µs. */
  const cost = async (turn: () => Promise<number>): Promise<number> => {
    const before = await redisCpu(redis);
    const transitions = await turn();
    return (((await redisCpu(redis)) - before) / transitions) * 1e6;
  };
  try {
    await driver.start();
    await driver.settled();
    const before = await usedMemory(redis);
    const filled = await driver.turn(true, USERS, FILLED_BY);
    const bytes = ((await usedMemory(redis)) - before - (await logBytes(redis))) / filled;
    const alone = [
      await cost(() => driver.turn(false, ALONE, 1)),
      await cost(() => driver.turn(true, ALONE, 1)),
    ];
    const batched = [
      await cost(() => driver.turn(false, USERS, BATCH)),
      await cost(() => driver.turn(true, USERS, BATCH)),
    ];
    const [aloneOff = 0, aloneOn = 0, batchedOff = 0, batchedOn = 0] = [...alone, ...batched];
    return [
      {
        name: `memory for an online user, ${USERS.toLocaleString('en-US')} of them`,
        unit: 'bytes',
        value: bytes,
        target: { max: 500 },
        note: 'UUID ids, no groups or claims, without the log',
      },
      {
        name: 'CPU for a transition to offline, one a call',
        unit: 'µs',
        value: aloneOff,
        target: { max: 15 },
      },
      { name: 'CPU for a transition to online, one a call', unit: 'µs', value: aloneOn, target: { max: 15 } },
      {
        name: `CPU for a transition to offline, ${BATCH} a call`,
        unit: 'µs',
        value: batchedOff,
        target: { max: 5 },
      },
      {
        name: `CPU for a transition to online, ${BATCH} a call`,
        unit: 'µs',
        value: batchedOn,
        target: { max: 5 },
      },
    ];
  } finally {
    await driver.stop();
    await redis.stop();
  }
};

export const redisCost: Benchmark = {
  title: 'What Redis pays',
  about:
    "The store's own calls against a Redis that does nothing else: user and system time of its process, so that reading the command, the script, the log entry and publishing are all in it. Nobody subscribes; each node that does adds the delivery of one message a call.",
  run,
};
