import { describe, expect, it } from 'vitest';
import type { Status } from '../../../src/domain/model.ts';
import fc from '../../support/fast-check.ts';
import { ModelConnection } from './model.ts';
import { Rig, settle } from './rig.ts';

const USERS = ['a0', 'b0', 'c0', 'd1', 'e1', 'f1'];
const CONNECTIONS = 3;
const MAX_WATCHES = 5;

const user = fc.constantFrom(...USERS);
const connection = fc.nat({ max: CONNECTIONS - 1 });
const some = fc.uniqueArray(user, { maxLength: 4 });
const partition = fc.nat({ max: 1 });
const rarely = fc.integer({ min: 0, max: 3 }).map((n) => n === 0);

const operation = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('change' as const),
      user,
      status: fc.constantFrom<Status>('online', 'away', 'offline'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('deliver' as const),
      partition,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant('watch' as const), connection, users: some, tenant: rarely }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('unwatch' as const), connection, users: some, tenant: rarely }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('close' as const), connection }) },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('answer' as const),
      at: fc.nat({ max: 5 }),
      how: fc.constantFrom('answer', 'answer', 'answerOld', 'answerOld', 'fail'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('block' as const), connection }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('read' as const), connection, tell: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(1, 7, 20, 300) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('lose' as const), partition }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** A node, its connections and a feed that is behind the store. */
class World {
  readonly rig: Rig;
  readonly #windowMs: number;
  readonly #all: ModelConnection[] = [];
  readonly #open: ModelConnection[] = [];
  /** Events of each partition that are under way. */
  readonly #feed: [string, number, Status][][] = [[], []];
  #ver = 0;
  #lossless = true;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.rig = new Rig({
      settings: { fanoutWindowMs: windowMs, maxWatches: MAX_WATCHES },
      tuning: { frameUsers: 2, bufferLimit: 0, retryMinMs: 10, retryMaxMs: 50, resyncBatch: 2, pageSize: 2 },
    });
    this.rig.store.auto = false;
    for (let at = 0; at < CONNECTIONS; at += 1) this.#connect(at);
  }

  async apply(operation: Operation): Promise<void> {
    switch (operation.op) {
      case 'change': {
        this.#ver += 1;
        this.rig.set(operation.user, this.#ver, operation.status);
        this.#queue(this.rig.store.partitionOf(operation)).push([
          operation.user,
          this.#ver,
          operation.status,
        ]);
        break;
      }
      case 'deliver':
        for (const event of this.#queue(operation.partition).splice(0, operation.count))
          this.rig.late(...event);
        break;
      case 'watch':
        this.#at(operation.connection).watch(operation.users, operation.tenant);
        break;
      case 'unwatch':
        this.#at(operation.connection).unwatch(operation.users, operation.tenant);
        break;
      case 'close':
        this.#at(operation.connection).close();
        this.#connect(operation.connection);
        break;
      case 'answer': {
        const call = this.rig.store.open[operation.at];
        if (operation.how === 'fail') call?.fail();
        else if (operation.how === 'answerOld') call?.answerOld();
        else call?.answer();
        break;
      }
      case 'block':
        this.#at(operation.connection).sink.blocked = true;
        break;
      case 'read':
        this.#read(this.#at(operation.connection), operation.tell);
        break;
      case 'wait':
        this.rig.time.advance(operation.ms);
        break;
      case 'lose':
        this.#lossless &&= this.#queue(operation.partition).length === 0;
        this.#queue(operation.partition).length = 0;
        this.rig.reset(operation.partition);
        break;
    }
    await settle();
  }

  /** Everything answers, arrives and is read: then the newest must have been delivered. */
  async rest(): Promise<void> {
    for (const connection of this.#open) this.#read(connection, true);
    for (let quiet = 0; quiet < 12; quiet += 1) {
      for (const events of this.#feed) for (const event of events.splice(0)) this.rig.late(...event);
      if (this.rig.store.open.length > 0) quiet = 0;
      this.rig.store.answerAll();
      await settle();
      this.rig.time.advance(100);
      await settle();
    }
    for (const connection of this.#all) connection.check(this.#lossless);
    for (const connection of this.#open) connection.close();
    this.rig.time.advance(20_000);
    expect(this.rig.fanout.footprint).toEqual({ watches: 0, views: 0, tenants: 0, waiting: 0 });
    expect(this.rig.time.timers).toBe(0);
    expect(this.rig.logged).toEqual([]);
  }

  #connect(at: number): void {
    const connection = new ModelConnection(this.rig, this.#windowMs, MAX_WATCHES);
    this.#all.push(connection);
    this.#open[at] = connection;
  }

  #at(at: number): ModelConnection {
    const connection = this.#open[at];
    if (connection === undefined) throw new Error('no such connection');
    return connection;
  }

  #queue(at: number): [string, number, Status][] {
    return this.#feed[at] ?? [];
  }

  #read({ sink, watcher }: ModelConnection, tell: boolean): void {
    sink.blocked = false;
    sink.buffered = 0;
    if (tell) watcher.drained();
  }
}

describe('any order of watches, events, answers and reading', () => {
  it.each([20, 0])(
    'shows each watcher a snapshot, then rising versions, and in the end the newest (window %i)',
    async (windowMs) => {
      const failures: unknown[] = [];
      const note = (error: unknown): void => void failures.push(error);
      process.on('unhandledRejection', note);
      try {
        await fc.assert(
          fc.asyncProperty(fc.array(operation, { maxLength: 80, size: 'max' }), async (operations) => {
            failures.length = 0;
            const world = new World(windowMs);
            for (const operation of operations) await world.apply(operation);
            await world.rest();
            if (failures.length > 0) throw failures[0];
          }),
          { numRuns: Number(process.env['FANOUT_RUNS'] ?? 200) },
        );
      } finally {
        process.off('unhandledRejection', note);
      }
    },
  );
});
