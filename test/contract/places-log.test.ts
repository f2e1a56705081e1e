import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MACHINE } from '../support/own-time.ts';
import { until } from '../support/until.ts';
import { online, PARTITIONS, RealFeed } from './feed-rig.ts';
import { replayed } from './replay-rig.ts';
import { useRedis } from './use-redis.ts';

/** What happens in places has a log of its own, in one order with the transitions. */
describe('the log of places', () => {
  const redis = useRedis();
  let rig: RealFeed;
  const open = async (store: Parameters<typeof RealFeed.start>[1] = {}): Promise<void> => {
    rig = await RealFeed.start(redis.url(), store);
    await until(() => rig.isSubscribed(), { what: 'a subscription' });
  };
  beforeEach(() => open());
  afterEach(() => rig?.stop());

  const sees = async (expected: readonly string[]): Promise<void> => {
    await until(() => rig.seen.length >= expected.length, { what: expected.slice(-3).join() }).catch(
      () => undefined,
    );
    expect(rig.seen).toEqual(expected);
  };
  /** A cursor of now: every partition has its heartbeat answered. */
  const mark = async (): Promise<string> => {
    for (let partition = 0; partition < PARTITIONS; partition += 1) await rig.beat(partition);
    return rig.feed.watermark() ?? '';
  };
  const idsAfter = async (cursor: string, feed = rig.feed): Promise<string[] | undefined> => {
    const replay = await feed.replay(cursor, true);
    if (!replay) return undefined;
    const { entries } = await replay.entries(0, replay.from);
    return entries.map((entry) => {
      if (entry.kind === 'place') return `${entry.place.user} ${entry.place.change}`;
      return entry.kind === 'transition' ? `${entry.transition.user} ${entry.transition.status}` : entry.kind;
    });
  };

  it('is delivered in one order with the transitions, each entry once', async () => {
    const [ann = '', bob = ''] = rig.users(2);
    await rig.write([ann]);
    await rig.tell([['doc:7', ann, 'entered', '{"hue":1}']]);
    await rig.write([bob]);
    await rig.tell([
      ['doc:7', bob, 'entered'],
      ['doc:7', ann, 'changed', '{"hue":2}'],
    ]);
    await rig.write([ann], false);
    await rig.tell([['doc:7', ann, 'left']]);
    await sees([
      `${ann} online`,
      `${ann} entered {"hue":1}`,
      `${bob} online`,
      `${bob} entered`,
      `${ann} changed {"hue":2}`,
      `${ann} offline`,
      `${ann} left`,
    ]);
    expect(rig.ids[0]).toEqual([...new Set(rig.ids[0])].sort((a, b) => a - b));
    expect(await rig.gapsRepaired()).toBe(0);
  });

  it('fills a gap in which only places changed', async () => {
    const [ann = ''] = rig.users(1);
    await rig.write([ann]);
    await sees(online([ann]));
    await rig.tell([['doc:7', ann, 'entered']], false);
    await rig.tell([['doc:7', ann, 'left']], false);
    await rig.write([ann], false);
    await sees([`${ann} online`, `${ann} entered`, `${ann} left`, `${ann} offline`]);
    expect(await rig.gapsRepaired()).toBe(1);
  });

  it('keeps of `changed` only the newest, and of a stay what began and ended it', async () => {
    const early = await mark();
    await rig.tell([['doc:7', 'ann', 'entered', '{"n":0}']]);
    for (const n of [1, 2, 3]) await rig.tell([['doc:7', 'ann', 'changed', `{"n":${n}}`]]);
    await rig.tell([['doc:7', 'bob', 'entered', '{"n":9}']]);
    await rig.tell([['doc:7', 'bob', 'changed', '{"n":10}']]);
    await rig.tell([['doc:7', 'ann', 'left']]);
    await rig.tell([['doc:7', 'ann', 'entered', '{"n":4}']]);
    await rig.tell([['doc:7', 'ann', 'changed', '{"n":5}']]);
    expect(await idsAfter(early)).toEqual([
      ...['ann entered', 'ann changed', 'bob entered', 'bob changed'],
      ...['ann left', 'ann entered', 'ann changed'],
    ]);
    const [replay] = (await replayed(rig.feed, early)) ?? [];
    expect(replay).toEqual([]);
  });

  /** The feed stands at an entry that the log keeps no longer: that alone is no loss. */
  it('loses nobody who stands at a `changed` that was replaced', async () => {
    await rig.tell([['doc:7', 'ann', 'entered']]);
    await rig.tell([['doc:7', 'ann', 'changed', '{"n":1}']]);
    await sees(['ann entered', 'ann changed {"n":1}']);
    await rig.tell([['doc:7', 'ann', 'changed', '{"n":2}']], false);
    await rig.tell([['doc:7', 'ann', 'changed', '{"n":3}']], false);
    await rig.tell([['doc:7', 'bob', 'entered']]);
    await sees(['ann entered', 'ann changed {"n":1}', 'ann changed {"n":3}', 'bob entered']);
  });

  it('loses nobody who came while that `changed` was the newest of all', async () => {
    await rig.tell([['doc:7', 'ann', 'entered']]);
    await rig.tell([['doc:7', 'ann', 'changed', '{"n":1}']]);
    const late = await RealFeed.start(redis.url(), { prefix: rig.prefix });
    try {
      await until(() => late.isSubscribed());
      await rig.tell([['doc:7', 'ann', 'changed', '{"n":2}']], false);
      await rig.tell([['doc:7', 'bob', 'entered']]);
      await until(() => late.seen.length >= 2, { what: 'two entries' });
      expect(late.seen).toEqual(['ann changed {"n":2}', 'bob entered']);
    } finally {
      await late.feed.stop();
    }
  });

  it.each(['entered', 'left'] as const)(
    'says so when the %s at which a feed stands is gone',
    async (change) => {
      await rig.tell([['doc:7', 'ann', change]]);
      await sees([`ann ${change}`]);
      // As after a failover to a replica that did not have it.
      await rig.redis.del(rig.first.placeLog);
      await rig.tell([['doc:7', 'bob', 'entered']], false);
      await rig.tell([['doc:7', 'cid', 'entered']]);
      await sees([`ann ${change}`, 'bob entered', 'cid entered', 'reset 0']);
    },
  );

  it('holds what follows a cursor whose `changed` was replaced, in either order of the logs', async () => {
    const [bob = ''] = rig.users(1);
    await rig.tell([['doc:7', 'ann', 'entered']]);
    await rig.tell([['doc:7', 'ann', 'changed', '{"n":1}']]);
    await sees(['ann entered', 'ann changed {"n":1}']);
    const cursor = await mark();
    await rig.tell([['doc:7', 'ann', 'changed', '{"n":2}']]);
    expect(await idsAfter(cursor)).toEqual(['ann changed']);
    await rig.write([bob]);
    expect(await idsAfter(cursor)).toEqual(['ann changed', `${bob} online`]);
    await rig.tell([['doc:7', 'ann', 'left']]);
    expect(await idsAfter(cursor)).toEqual(['ann changed', `${bob} online`, 'ann left']);
  });

  it('comes in pages that have the entries of both logs', async () => {
    const cursor = await mark();
    const users = rig.users(700);
    for (let at = 0; at < users.length; at += 100) {
      const some = users.slice(at, at + 100);
      await rig.write(some);
      await rig.tell(some.map((user) => ['doc:7', user, 'entered'] as const));
    }
    const replay = await rig.feed.replay(cursor, true);
    const ids: number[] = [];
    let kinds = '';
    for (let [at, end] = [replay?.from ?? 0, false]; !end; ) {
      const page = await replay?.entries(0, at);
      expect(page?.entries.length).toBeLessThanOrEqual(500);
      for (const { id, kind } of page?.entries ?? []) {
        ids.push(id);
        kinds += kind.slice(0, 1);
      }
      ({ upTo: at, end } = page ?? { upTo: at, end: true });
    }
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(kinds).toBe(`${'t'.repeat(100)}${'p'.repeat(100)}`.repeat(7));
  });

  it('is cut by bytes, and pushes out no transition', async () => {
    await rig.stop();
    await open({ store: { placeLogBytes: PARTITIONS * 16 * 4096 } });
    const users = rig.users(3);
    const early = await mark();
    await rig.write(users);
    const data = `{"text":"${'x'.repeat(900)}"}`;
    for (let i = 0; i < 200; i += 1) await rig.tell([['doc:7', `user${i}`, 'entered', data]]);
    await until(() => rig.seen.length === 203, { what: 'all entries' });
    expect(await idsAfter(early)).toHaveLength(203);
    const late = await mark();
    const length = await rig.redis.xlen(rig.first.placeLog);
    expect(length).toBeGreaterThan(20);
    expect(length).toBeLessThanOrEqual(64);
    expect(await idsAfter(early)).toBeUndefined();
    expect((await replayed(rig.feed, early))?.[0]).toHaveLength(3);
    await rig.tell([['doc:7', 'user1', 'left']]);
    expect(await idsAfter(late)).toEqual(['user1 left']);
  });

  /** Where nobody's status changes the other log is empty after its time, while the newest entry of all is young. */
  it('is cut by age, and so is the other one beside it', async () => {
    await rig.stop();
    await open({ store: { eventLogSeconds: 60 } });
    const pass = async (seconds: number): Promise<void> => {
      const now = Date.now() * 1000;
      for (const [partition, { meta }] of rig.keys.partitions.entries()) {
        // The other partition is ahead of all that the first one records: a cursor is where the slowest one is.
        await rig.redis.hsetnx(meta, MACHINE, now + partition * 1000);
        await rig.redis.hincrby(meta, MACHINE, seconds * 1_000_000);
      }
    };
    const early = await mark();
    await rig.write(rig.users(1));
    await rig.tell([['doc:7', 'ann', 'entered']]);
    await pass(40);
    await rig.tell([['doc:7', 'bob', 'entered']]);
    await until(() => rig.seen.length === 3, { what: 'three entries' });
    const middle = await mark();
    await pass(40);
    await rig.tell([['doc:7', 'cid', 'entered']]);
    await rig.beat();
    expect(await rig.redis.xlen(rig.first.log)).toBe(0);
    expect(await idsAfter(early)).toBeUndefined();
    expect(await idsAfter(middle)).toEqual(['cid entered']);
    expect((await replayed(rig.feed, middle))?.[0]).toEqual([]);
    await until(() => rig.seen.length === 4, { what: 'four entries' });
    expect(await idsAfter(await mark())).toEqual([]);
  });

  it.each([
    ['cut short', (log: string) => rig.redis.xtrim(log, 'MAXLEN', 0)],
    ['taken away', (log: string) => rig.redis.del(log)],
  ])('is no longer held when somebody has %s what the node keeps', async (_, cut) => {
    const early = await mark();
    await rig.tell([['doc:7', 'ann', 'entered']]);
    await rig.tell([['doc:7', 'ann', 'changed', '{"n":1}']]);
    await rig.tell([['doc:7', 'ann', 'changed', '{"n":2}']]);
    expect(await idsAfter(early)).toHaveLength(2);
    await cut(rig.first.placeLog);
    expect(await idsAfter(early)).toBeUndefined();
    expect((await replayed(rig.feed, early))?.[0]).toEqual([]);
  });

  it('costs nothing where there are no places', async () => {
    const [ann = ''] = rig.users(1);
    await rig.write([ann]);
    await rig.beat();
    await rig.write([ann], false);
    await sees([`${ann} online`, `${ann} offline`]);
    expect(await rig.redis.exists(rig.first.placeLog)).toBe(0);
    const meta = Object.keys(await rig.redis.hgetall(rig.first.meta));
    expect(meta.filter((field) => /^p|tlast/.test(field))).toEqual([]);
  });

  it('moves the watermark', async () => {
    const before = await mark();
    await rig.tell([['doc:7', 'ann', 'entered']]);
    await sees(['ann entered']);
    for (let partition = 1; partition < PARTITIONS; partition += 1) await rig.beat(partition);
    expect(rig.feed.watermark()).not.toBe(before);
    expect(await idsAfter(rig.feed.watermark() ?? '')).toEqual([]);
  });
});
