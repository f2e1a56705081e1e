import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CursorLost } from '../../src/events/feed.ts';
import { decodeWatermark, encodeWatermark } from '../../src/events/watermark.ts';
import { isOneServer } from '../support/topologies/chosen-topology.ts';
import { until } from '../support/until.ts';
import { RealFeed } from './feed-rig.ts';
import { type Keeping, memoryRig, PARTITIONS, type ReplayRig, redisRig, replayed } from './replay-rig.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
const kinds: { name: string; open: (keeping?: Keeping) => Promise<ReplayRig> }[] = [
  { name: 'memory', open: memoryRig },
  { name: 'redis', open: (keeping) => redisRig(server.url(), keeping) },
];

describe.each(kinds)('the logs of the $name feed', ({ open }) => {
  let rig: ReplayRig;
  beforeEach(async () => {
    rig = await open();
  });
  afterEach(() => rig.stop());

  /** Opens another deployment, whose logs keep less. */
  const keeping = async (keep: Partial<Keeping>): Promise<void> => {
    await rig.stop();
    rig = await open({ eventLogSeconds: 3600, eventLogMax: 1_000_000, ...keep });
  };
  const mark = (): string => {
    const watermark = rig.feed.watermark();
    if (watermark === undefined) throw new Error('the feed has not heard of every partition');
    return watermark;
  };
  const deliveredAll = (count: number): Promise<unknown> =>
    until(() => rig.delivered.length >= count, { what: `${count} transitions` });
  const idsIn = (logs: { id: number }[][] | undefined): number[][] | undefined =>
    logs?.map((log) => log.map(({ id }) => id));
  const someOfEach = (count = 3): string[][] =>
    Array.from({ length: PARTITIONS }, (_, partition) => rig.users(count, partition));

  it('tell everything after a watermark, per partition in order, and what was told then', async () => {
    const users = someOfEach();
    for (const some of users) await rig.write(some);
    await deliveredAll(PARTITIONS * 3);
    await rig.beat();
    const watermark = mark();
    expect((await replayed(rig.feed, watermark))?.flat()).toEqual([]);
    rig.delivered.length = 0;
    for (const some of users) await rig.write(some, false);
    await deliveredAll(PARTITIONS * 3);
    const logs = await replayed(rig.feed, watermark);
    for (let p = 0; p < PARTITIONS; p += 1) {
      const told = rig.delivered.filter(({ partition }) => partition === p);
      expect(told).toHaveLength(3);
      expect(logs?.[p]).toEqual(told.map(({ id, transition }) => ({ id, kind: 'transition', transition })));
    }
  });

  it('come in bounded pages', async () => {
    const watermark = mark();
    const users = rig.users(1234, 1);
    for (let at = 0; at < users.length; at += 400) await rig.write(users.slice(at, at + 400));
    const replay = await rig.feed.replay(watermark);
    const first = await replay?.entries(1, replay.from);
    expect(first).toMatchObject({ end: false, upTo: first?.entries.at(-1)?.id });
    expect(first?.entries.length).toBeLessThanOrEqual(500);
    const logs = await replayed(rig.feed, watermark);
    expect(logs?.map((log) => log.length)).toEqual([0, users.length, 0, 0]);
    expect(idsIn(logs)?.[1]).toEqual([...new Set(idsIn(logs)?.[1])].sort((a, b) => a - b));
  });

  it('are not read from a moment that has not come, nor from another deployment', async () => {
    const { clock, data } = decodeWatermark(mark());
    expect(await rig.feed.replay(encodeWatermark({ clock: clock + 3.6e9, data }))).toBeUndefined();
    expect(await rig.feed.replay(encodeWatermark({ clock, data: 'abcdefghijkl' }))).toBeUndefined();
  });

  it.each(['', 'nonsense', '1.2'])('are not read from %j, which nobody gave', async (cursor) => {
    await expect(rig.feed.replay(cursor)).rejects.toMatchObject({ code: 'invalid_cursor' });
  });

  it('say so when they hold too few', async () => {
    await keeping({ eventLogMax: 400 });
    const [busy = [], quiet = []] = [rig.users(300, 0), rig.users(1, 1)];
    await rig.write(quiet);
    await rig.beat();
    const early = mark();
    const replay = await rig.feed.replay(early);
    await rig.write(busy);
    await rig.write(busy, false);
    await rig.write(busy);
    await rig.write(busy, false);
    await deliveredAll(1201);
    await rig.beat();
    const late = mark();
    expect(await rig.feed.replay(early)).toBeUndefined();
    // Who was already reading is told as well, and those of other partitions have lost nothing.
    await expect(replay?.entries(0, replay.from)).rejects.toThrow(CursorLost);
    expect(await replay?.entries(1, replay.from)).toMatchObject({ end: true });
    await rig.write(quiet, false);
    expect((await replayed(rig.feed, late))?.map((log) => log.length)).toEqual([0, 1, 0, 0]);
  });

  it('say so when they forgot what is too old, and only then', async () => {
    await keeping({ eventLogSeconds: 60 });
    const [old, next] = [rig.users(3, 0), rig.users(1, 1)];
    const early = mark();
    await rig.write(old);
    await deliveredAll(3);
    await rig.pass(30);
    await rig.beat();
    const middle = mark();
    expect((await replayed(rig.feed, early))?.[0]).toHaveLength(3);
    await rig.pass(40);
    await rig.beat();
    // The entries after the first watermark are gone; the second one has lost nothing, although its log is empty now.
    expect(await rig.feed.replay(early)).toBeUndefined();
    expect((await replayed(rig.feed, middle))?.flat()).toEqual([]);
    const late = mark();
    await rig.write(rig.users(4, 0).slice(3));
    await rig.write(next);
    expect((await replayed(rig.feed, middle))?.map((log) => log.length)).toEqual([1, 1, 0, 0]);
    expect((await replayed(rig.feed, late))?.map((log) => log.length)).toEqual([1, 1, 0, 0]);
  });

  it('are others after a loss of data', async () => {
    const before = mark();
    await rig.lose();
    await rig.beat();
    expect(await rig.feed.replay(before)).toBeUndefined();
    await rig.beat();
    expect((await replayed(rig.feed, mark()))?.flat()).toEqual([]);
  });

  /** Whoever was given everything up to a watermark, and reads on from there, must have everything. */
  it('together with what was delivered before any watermark are complete', async () => {
    const users = someOfEach(4);
    const all = new Set<number>();
    rig.feed.subscribe({ transition: ({ id }) => all.add(id) });
    const marks: { watermark: string; had: Set<number> }[] = [];
    for (let round = 0; round < 40; round += 1) {
      const some = users[(round * 7) % PARTITIONS] ?? [];
      const isOnline = Math.floor(round / PARTITIONS) % 2 === 0;
      await Promise.all([rig.write(some, isOnline), round % 3 === 0 ? rig.beat() : undefined]);
      marks.push({ watermark: mark(), had: new Set(rig.delivered.map(({ id }) => id)) });
    }
    await rig.beat();
    await deliveredAll(160);
    const end = new Set((await replayed(rig.feed, marks[0]?.watermark ?? ''))?.flat().map(({ id }) => id));
    expect(all.size).toBe(160);
    for (const { watermark, had } of marks) {
      const rest = (await replayed(rig.feed, watermark))?.flat().map(({ id }) => id) ?? [];
      expect([...new Set([...had, ...rest])].sort()).toEqual([...new Set([...all, ...end])].sort());
    }
    // And it moves: a watermark that stands still would be as right, and of no use.
    expect(new Set(marks.map(({ watermark }) => watermark)).size).toBeGreaterThan(5);
  });
});

describe('the logs in Redis', () => {
  let rig: Awaited<ReturnType<typeof redisRig>>;
  beforeEach(async () => {
    rig = await redisRig(server.url());
  });
  afterEach(() => rig.stop());

  it('are read from a watermark of any node', async () => {
    const other = await RealFeed.start(server.url(), { prefix: rig.real.prefix });
    try {
      const users = rig.users(5, 2);
      const watermark = rig.feed.watermark() ?? '';
      await rig.write(users);
      const theirs = await replayed(other.feed, watermark);
      expect(theirs?.[2]).toHaveLength(5);
      expect(decodeWatermark(other.feed.watermark() ?? '').data).toBe(decodeWatermark(watermark).data);
    } finally {
      await other.feed.stop();
    }
  });

  it.skipIf(!isOneServer)(
    'have no watermark before every partition was heard of, and none beyond what a deaf feed was given',
    async () => {
      const deaf = await RealFeed.start(server.url(), { prefix: rig.real.prefix, deaf: true });
      try {
        const before = decodeWatermark(deaf.feed.watermark() ?? '').clock;
        await rig.write(rig.users(3, 0));
        const { gen, last, clock } = await deaf.beatSilently(0);
        deaf.feed.expect(0, gen, last, clock);
        expect(decodeWatermark(deaf.feed.watermark() ?? '').clock).toBeLessThanOrEqual(before);
        expect((await replayed(deaf.feed, deaf.feed.watermark() ?? ''))?.[0]).toHaveLength(3);
      } finally {
        await deaf.feed.stop();
      }
    },
  );

  it.each([
    ['cut short', (log: string) => rig.real.redis.xtrim(log, 'MAXLEN', 0)],
    ['cut in the middle', (log: string) => rig.real.redis.xtrim(log, 'MAXLEN', 1)],
    ['taken away', (log: string) => rig.real.redis.del(log)],
  ])('are no longer held when somebody has %s what the node keeps', async (_, cut) => {
    const early = rig.feed.watermark() ?? '';
    await rig.write(rig.users(3, 0));
    await until(() => rig.delivered.length === 3, { what: 'three transitions' });
    await rig.beat();
    const late = rig.feed.watermark() ?? '';
    await cut(rig.real.first.log);
    expect(await rig.feed.replay(early)).toBeUndefined();
    expect((await replayed(rig.feed, late))?.flat()).toEqual([]);
  });

  it('are not passed over where nobody can read them', async () => {
    const watermark = rig.feed.watermark() ?? '';
    await rig.real.writeNonsense();
    await expect(replayed(rig.feed, watermark)).rejects.toThrow(CursorLost);
  });

  /** Trimming goes by blocks: here each entry is one, so that the log begins right after what was too old. */
  it('hold what follows a watermark between what was forgotten and what came next', async () => {
    await rig.stop();
    rig = await redisRig(server.url(), { eventLogSeconds: 60, eventLogMax: 1_000_000 });
    await rig.real.redis.config('SET', 'stream-node-max-entries', 1);
    try {
      await rig.write(rig.users(3, 0));
      await until(() => rig.delivered.length === 3, { what: 'three transitions' });
      await rig.pass(50);
      await rig.beat();
      const between = rig.feed.watermark() ?? '';
      await rig.write(rig.users(4, 0).slice(3));
      await rig.pass(20);
      await rig.beat();
      expect(await rig.real.redis.xlen(rig.real.first.log)).toBe(1);
      expect((await replayed(rig.feed, between))?.[0]).toHaveLength(1);
    } finally {
      await rig.real.redis.config('SET', 'stream-node-max-entries', 100);
    }
  });

  it.skipIf(!isOneServer)('are not known while Redis is away', async () => {
    const watermark = rig.feed.watermark() ?? '';
    rig.real.proxies.commands.cut();
    await expect(rig.feed.replay(watermark)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
