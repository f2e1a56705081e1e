import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/store/port/reports.ts';
import fc from '../support/fast-check.ts';
import { MACHINE } from '../support/own-time.ts';
import { entryOf } from '../support/raw-store.ts';
import { expectConsistent } from './consistent.ts';
import { GRACE, INTERVAL, RETENTION, Timeline, TTL } from './timeline.ts';
import { useRedis } from './use-redis.ts';

type Step = (line: Timeline) => Promise<unknown>;

const node = fc.constantFrom('a.0', 'b.0');
const user = fc.constantFrom('ann', 'bob', 'c:d "e"');
const tenant = fc.constantFrom('acme', 'other');
const entry: fc.Arbitrary<Entry> = fc
  .record({
    tenant,
    user,
    count: fc.integer({ min: 0, max: 2 }),
    activeAgo: fc.constantFrom(-1, 0, 1_700_000),
    idle: fc.boolean(),
    openedAgo: fc.constantFrom(0, 1000),
    closedAgo: fc.constantFrom(-1, 0, 900),
    claim: fc.constantFrom('busy', 'away', 'invisible', null, undefined),
    until: fc.constantFrom(undefined, 1000, 100_000),
    groups: fc.constantFrom(undefined, undefined, [], ['g'], ['g', 'h:i'], ['h:i']),
    iat: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ claim, until, user, groups, ...rest }) =>
    entryOf(user, {
      ...rest,
      graceMs: GRACE,
      ...(groups && { groups }),
      // Stamped by the store's clock: as from a node that is a little ahead.
      ...(claim !== undefined && {
        claim: { status: claim, stamp: 9e15, ...(until && { until: Date.UTC(2100, 0, 1) + until }) },
      }),
    }),
  );

/** After a loss the partition answers nothing for a while. */
const unavailable = (error: unknown): void => {
  expect(error).toMatchObject({ code: 'unavailable' });
};

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(node, entry).map(
      ([node, entry]): Step =>
        (line) =>
          line.tell(node, entry),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(user, tenant, fc.constantFrom('busy', 'invisible', null)).map(
      ([user, tenant, status]): Step =>
        (line) =>
          line.store.people.claimOwn({ tenant, user }, { status }).catch(unavailable),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(user, tenant, fc.constantFrom('logout', 'disconnect', 'revoke', 'forget')).map(
      ([user, tenant, how]): Step =>
        (line) => {
          const ref = { tenant, user };
          const ends = {
            forget: () => line.store.endings.forget(ref),
            revoke: () => line.store.endings.revoke(ref),
          };
          const done = how === 'forget' || how === 'revoke' ? ends[how]() : line.store.endings.end(ref, how);
          return done.catch(unavailable);
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(user, tenant, fc.constantFrom(500, 60_000), fc.constantFrom(['g'], ['h:i'])).map(
      ([user, tenant, ttlMs, groups]): Step =>
        (line) =>
          line.store.people
            .keepSession({ tenant, user }, 's', { ttlMs, device: 'api' }, { groups, iat: 9e9 })
            .catch(unavailable),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Step>((line) => line.sweep()) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(500, GRACE, INTERVAL, 400_000, RETENTION).map(
      (ms): Step =>
        (line) =>
          line.pass(Math.min(ms, 400_000), 'a.0', 'b.0'),
    ),
  },
  // A node misses its heartbeats, is reaped, and comes back under the next epoch, or simply late.
  {
    weight: 1,
    arbitrary: node.map(
      (node): Step =>
        async (line) => {
          await line.dies(node);
          await line.reap();
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Step>(async (line) => {
      await line.raw.loseEverything();
      await line.redis.hset(line.keys.meta, MACHINE, Date.UTC(2101, 0, 1) * 1000);
      for (const node of ['a.0', 'b.0']) await line.beat(node);
      await line.pass(TTL, 'a.0', 'b.0');
    }),
  },
);

/** What is derived from rows must be what the rows say after whatever happened: sets that a repetition cannot drift. */
describe('indexes, deadlines and work lists', () => {
  const server = useRedis();

  it('always equal what the rows say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const line = await Timeline.running(server.url(), ['a.0', 'b.0']);
        try {
          for (const each of steps) {
            await each(line);
            await expectConsistent(line.redis, line.keys);
          }
          // Time ends everything that is not held: at last nothing is left but what somebody set for good.
          for (const node of ['a.0', 'b.0']) await line.dies(node);
          await line.beat('c.0');
          await line.reap();
          for (let round = 0; round < 4; round += 1) {
            await line.redis.hincrby(line.keys.meta, MACHINE, 2 * RETENTION * 1000);
            await line.beat('c.0');
            await line.redis.hset(line.keys.meta, 'hold', 0);
            await line.sweep();
          }
          await expectConsistent(line.redis, line.keys);
          const base = line.keys.meta.slice(0, -'meta'.length);
          const kinds = (await line.redis.keys(`${base}*`)).map(
            (key) => key.slice(base.length).split(':')[0],
          );
          expect(
            kinds.filter((kind) => ['online', 'away', 'busy', 'due', 'node'].includes(kind ?? '')),
          ).toEqual([]);
        } finally {
          await line.stop();
        }
      }),
      { numRuns: 40, interruptAfterTimeLimit: 20_000, endOnFailure: false },
    );
  }, 60_000);
});
