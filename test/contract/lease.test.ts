import { beforeEach, describe, expect, it } from 'vitest';
import type { View } from '../../src/domain/model.ts';
import {
  batchOf,
  beatOf,
  entryOf,
  GRACE,
  INTERVAL,
  openRawStore,
  type RawStore,
  TTL,
} from '../support/raw-store.ts';
import { readStoredRow, setStoredDeadline } from '../support/stored-row.ts';
import { until } from '../support/until.ts';
import { readKnowing } from './read-knowing.ts';
import { useRedis } from './use-redis.ts';

/** What keeps a node's writes from outliving it, and what a loss of data must not break. */
describe('leases, fences and losses', () => {
  const server = useRedis();
  let raw: RawStore;
  const p = 0;
  /** Users of partition 0, so that one partition tells the whole story. */
  let users: string[];

  const beat = (node: string, more = {}) => raw.store.leases.beat(p, beatOf(node, more));
  const apply = (
    node: string,
    gen: string,
    seq: number,
    entries: ReturnType<typeof entryOf>[],
    base?: number,
  ) => raw.store.reports.apply(p, batchOf(node, gen, seq, entries, base));
  const status = async (user: string): Promise<string> => (await viewOf(user))?.status ?? 'unknown';
  const viewOf = async (user: string): Promise<View | undefined> => {
    const [view] = await raw.store.views.read('acme', [user]).catch(() => []);
    return view;
  };
  const rowOf = (user: string): string => raw.keys.partitions[p]?.user({ tenant: 'acme', user }) ?? '';
  const logged = async (): Promise<string[]> =>
    (await raw.redis.xrange(raw.keys.partitions[p]?.log ?? '', '-', '+')).map(([, fields]) =>
      fields.join(' '),
    );
  /** Beats for a node that stays alive until the partition is off hold. */
  const settle = async (node: string) => {
    let reply = await beat(node);
    await until(async () => {
      reply = await beat(node, { gen: reply.gen });
      return reply.holdMs === 0;
    });
    return reply;
  };
  const leaseEnds = async (node: string): Promise<void> => {
    await raw.redis.del(raw.keys.partitions[p]?.beat(node) ?? '');
  };

  beforeEach(async () => {
    raw = await openRawStore(server.url());
    users = Array.from({ length: 60 }, (_, i) => `u${i}`).filter(
      (user) => raw.store.partitionOf({ tenant: 'acme', user }) === p,
    );
    return () => raw.stop();
  });
  const nth = (i: number): string => users[i] ?? '';

  /** A node that was taken for dead must not bring back what was cleared, whatever it still had under way. */
  it('refuses batches of a reaped epoch, and takes those of the next', async () => {
    const { gen } = await settle('b.0');
    await beat('a.0');
    await apply('a.0', gen, 1, [entryOf(nth(0))]);
    await leaseEnds('a.0');
    expect((await raw.store.upkeep.reap(p)).fenced).toBe(1);
    expect((await apply('a.0', gen, 2, [entryOf(nth(1))])).result).toBe('fenced');
    expect((await beat('a.0', { gen })).fenced).toBe(true);
    expect(await status(nth(1))).toBe('offline');
    expect((await beat('a.1', { gen })).fenced).toBe(false);
    expect((await apply('a.1', gen, 1, [entryOf(nth(1))], 0)).result).toBe('ok');
    expect(await status(nth(1))).toBe('online');
  });

  /** Two links can deliver out of order: the values of the overtaken batch are old. */
  it('refuses a batch that was overtaken by a newer one', async () => {
    const { gen } = await settle('a.0');
    await apply('a.0', gen, 2, [entryOf(nth(0), { count: 0, closedAgo: -1 }), entryOf(nth(1))], 0);
    expect((await apply('a.0', gen, 1, [entryOf(nth(0))], 0)).result).toBe('stale');
    expect(await status(nth(0))).toBe('offline');
  });

  it('says lost to a batch after the data was flushed, and to one that builds on what is not there', async () => {
    const { gen } = await settle('a.0');
    expect((await apply('a.0', gen, 5, [entryOf(nth(0))], 4)).result).toBe('lost');
    await raw.loseEverything();
    expect((await apply('a.0', gen, 1, [entryOf(nth(0))], 0)).result).toBe('lost');
  });

  /** Decides and acts in one call: what a reaper read before, the heartbeat may have made untrue. */
  it('does not clear a node that beats, although its users were peeked at while it did not', async () => {
    const { gen } = await settle('a.0');
    await apply('a.0', gen, 1, [entryOf(nth(0))]);
    await leaseEnds('a.0');
    const held = await raw.store.leases.held(p, 'a.0');
    expect(held).toHaveLength(1);
    await beat('a.0', { gen });
    expect(await raw.store.upkeep.reap(p)).toEqual({ fenced: 0, users: 0 });
    expect(await status(nth(0))).toBe('online');
  });

  /** One heartbeat key in every partition: a link lost to one of them condemns nobody elsewhere. */
  it('condemns a node only in the partition where its lease ended', async () => {
    const elsewhere = Array.from({ length: 60 }, (_, i) => `u${i}`).find(
      (user) => raw.store.partitionOf({ tenant: 'acme', user }) === 1,
    ) as string;
    const { gen } = await settle('a.0');
    let second = await raw.store.leases.beat(1, beatOf('a.0'));
    await until(async () => {
      second = await raw.store.leases.beat(1, beatOf('a.0', { gen: second.gen }));
      return second.holdMs === 0;
    });
    await apply('a.0', gen, 1, [entryOf(nth(0))]);
    await raw.store.reports.apply(1, batchOf('a.0', second.gen, 1, [entryOf(elsewhere)]));
    await beat('b.0', { gen });
    await leaseEnds('a.0');
    await raw.store.upkeep.reap(1);
    await until(async () => {
      await beat('b.0', { gen });
      await raw.store.upkeep.reap(p);
      await raw.store.upkeep.sweep(p, Date.now() * 1000 + 1e9);
      return (await status(nth(0))) === 'offline';
    });
    await raw.store.leases.beat(1, beatOf('a.0', { gen: second.gen }));
    expect(await status(elsewhere)).toBe('online');
    expect(
      (await raw.store.reports.apply(1, batchOf('a.0', second.gen, 2, [entryOf(elsewhere)]))).result,
    ).toBe('ok');
  });

  /** The grace of who was on a dead node runs from its last heartbeat plus one interval, not from its discovery. */
  it('counts the grace of a dead node from its last heartbeat', async () => {
    const { gen } = await settle('b.0');
    await beat('a.0');
    await apply('a.0', gen, 1, [entryOf(nth(0))]);
    const lastBeat = Number(await raw.redis.hget(raw.keys.partitions[p]?.nodeMeta('a.0') ?? '', 'beat'));
    await leaseEnds('a.0');
    await raw.store.upkeep.reap(p);
    const at = (await readStoredRow(raw.redis, rowOf(nth(0))))?.grace?.at;
    expect(at).toBeGreaterThanOrEqual(lastBeat);
    expect(at).toBeLessThanOrEqual(lastBeat + INTERVAL);
    await until(async () => {
      await beat('b.0', { gen });
      await raw.store.upkeep.sweep(p, Date.now() * 1000 + 1e9);
      return (await status(nth(0))) === 'offline';
    });
    expect((await logged()).at(-1)).toContain('"reason":"node_lost"');
  });

  /** Hold is tested inside reap: nobody is cleared while those who look dead may just be on their way. */
  it('reaps nobody while on hold', async () => {
    const { gen } = await settle('a.0');
    await apply('a.0', gen, 1, [entryOf(nth(0))]);
    await leaseEnds('a.0');
    await raw.redis.hset(raw.keys.partitions[p]?.meta ?? '', 'hold', Date.now() + 60_000);
    expect(await raw.store.upkeep.reap(p)).toEqual({ fenced: 0, users: 0 });
  });

  /** Hold is tested inside sweep: no grace ends. */
  it('ends no grace while on hold, nor while nobody beats', async () => {
    const { gen } = await settle('a.0');
    await apply('a.0', gen, 1, [entryOf(nth(0))]);
    await apply('a.0', gen, 2, [entryOf(nth(0), { count: 0, openedAgo: 5000, closedAgo: 0, graceMs: 30 })]);
    await raw.redis.hset(raw.keys.partitions[p]?.meta ?? '', 'hold', Date.now() + 60_000);
    expect((await raw.store.upkeep.sweep(p, Date.now() * 1000 + 1e9)).swept).toBe(0);
    await raw.redis.hset(raw.keys.partitions[p]?.meta ?? '', {
      hold: 0,
      young: 0,
      tick: Date.now() - 2 * INTERVAL,
    });
    expect((await raw.store.upkeep.sweep(p, Date.now() * 1000 + 1e9)).swept).toBe(0);
    await until(async () => {
      await beat('a.0', { gen });
      await raw.redis.hset(raw.keys.partitions[p]?.meta ?? '', { hold: 0 });
      return (await raw.store.upkeep.sweep(p, Date.now() * 1000 + 1e9)).swept === 1;
    });
    expect(await status(nth(0))).toBe('offline');
  });

  /** Hold is tested inside evaluate: even a goodbye makes nobody less, while who comes is there at once. */
  it('lets nobody become less while on hold, and somebody more at once', async () => {
    const { gen } = await settle('a.0');
    await apply('a.0', gen, 1, [entryOf(nth(0))]);
    await raw.redis.hset(raw.keys.partitions[p]?.meta ?? '', 'hold', Date.now() + 60_000);
    await apply('a.0', gen, 2, [entryOf(nth(0), { count: 0 }), entryOf(nth(1))]);
    expect(await status(nth(0))).toBe('online');
    expect(await status(nth(1))).toBe('online');
    await raw.redis.hset(raw.keys.partitions[p]?.meta ?? '', 'hold', 0);
    await beat('a.0', { gen });
    await raw.redis.zadd(raw.keys.partitions[p]?.due ?? '', 1, `acme:${nth(0)}`);
    await setStoredDeadline(raw.redis, rowOf(nth(0)), 1);
    await raw.store.upkeep.sweep(p, Date.now() * 1000 + 1e9);
    expect(await status(nth(0))).toBe('offline');
  });

  it('starts a generation on hold for one and a half intervals, and reads do not know until then', async () => {
    const reply = await beat('a.0');
    expect(reply).toMatchObject({ fenced: false, lost: false, young: true });
    expect(reply.holdMs).toBeGreaterThan(INTERVAL);
    expect(reply.holdMs).toBeLessThanOrEqual(INTERVAL * 1.5);
    await expect(raw.store.views.read('acme', [nth(0)])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(raw.store.views.count('acme')).rejects.toMatchObject({ code: 'unavailable' });
    await settle('a.0');
    expect(await status(nth(0))).toBe('offline');
  });

  /** A loss holds for a whole lease, once, and is told to every node that remembers the old generation. */
  it('tells every node once that data was lost', async () => {
    const { gen } = await settle('a.0');
    await beat('b.0', { gen });
    await raw.loseEverything();
    await expect(raw.store.views.read('acme', [nth(0)])).rejects.toMatchObject({ code: 'unavailable' });
    const first = await beat('a.0', { gen });
    expect(first).toMatchObject({ lost: true, young: true });
    expect(first.gen).not.toBe(gen);
    expect(first.holdMs).toBeGreaterThan(TTL - INTERVAL);
    const second = await beat('b.0', { gen });
    expect(second).toMatchObject({ lost: true, gen: first.gen });
    expect(second.holdMs).toBeLessThanOrEqual(first.holdMs);
    expect((await beat('a.0', { gen: first.gen })).lost).toBe(false);
  });

  /** A node without a memory may come first after a loss; the next one that remembers prolongs the hold. */
  it('prolongs the hold when the first to come back remembers nothing', async () => {
    const { gen } = await settle('a.0');
    await raw.loseEverything();
    const fresh = await beat('new.0');
    expect(fresh.holdMs).toBeLessThanOrEqual(INTERVAL * 1.5);
    const old = await beat('a.0', { gen });
    expect(old).toMatchObject({ lost: true, gen: fresh.gen });
    expect(old.holdMs).toBeGreaterThan(TTL - INTERVAL);
  });

  it('notices data that went back by the clock it has seen, and by the batch that was acknowledged', async () => {
    const { gen, clock } = await settle('a.0');
    const back = await beat('a.0', { gen, seen: clock + 60_000_000 });
    expect(back.lost).toBe(true);
    expect(back.gen).not.toBe(gen);
    expect(back.clock).toBeGreaterThanOrEqual(clock + 60_000_000);
    const again = await beat('a.0', { gen: back.gen, seen: back.clock, acked: 3 });
    expect(again.lost).toBe(true);
    expect(again.gen).not.toBe(back.gen);
  });

  it('holds a full lease when nobody beat for a while, but reads stay good', async () => {
    const { gen } = await settle('a.0');
    const tick = Date.now() - 10 * INTERVAL;
    await raw.redis.hset(raw.keys.partitions[p]?.meta ?? '', { tick, young: tick });
    const reply = await beat('a.0', { gen });
    expect(reply).toMatchObject({ lost: false, young: false });
    expect(reply.holdMs).toBeGreaterThan(TTL - INTERVAL);
    expect(await status(nth(0))).toBe('offline');
  });

  /** Restore is not a transition: who was shown online and is, makes none, and the version never goes back. */
  it('restores a lost row silently from what its node knows', async () => {
    const { gen } = await settle('a.0');
    await apply('a.0', gen, 1, [entryOf(nth(0))]);
    const known = (await viewOf(nth(0))) as View;
    await raw.loseEverything();
    const { gen: next } = await beat('a.0', { gen });
    const reply = await apply('a.0', next, 1, [entryOf(nth(0), { known, openedAgo: 1000 })], 0);
    expect(reply).toMatchObject({ result: 'ok' });
    expect(await logged()).toEqual([]);
    await settle('a.0');
    expect(await viewOf(nth(0))).toEqual(known);
    expect(await raw.redis.zcard(raw.keys.partitions[p]?.online('acme') ?? '')).toBe(1);
  });

  /** A watched user whose node died together with the data: only the watcher still knows, and asks. */
  it('is told by a watcher what it was shown, and only a different result is a transition', async () => {
    const { gen } = await settle('a.0');
    await apply('a.0', gen, 1, [entryOf(nth(0)), entryOf(nth(1))]);
    const known = [(await viewOf(nth(0))) as View, (await viewOf(nth(1))) as View];
    await raw.loseEverything();
    const { gen: next } = await beat('a.0', { gen });
    await expect(readKnowing(raw.store, 'acme', [nth(0)], known)).rejects.toMatchObject({
      code: 'unavailable',
    });
    await settle('a.0');
    await apply('a.0', next, 1, [entryOf(nth(0), { known: known[0] as View, openedAgo: 1000 })], 0);
    await expect(raw.store.views.read('acme', [nth(0)])).rejects.toMatchObject({ code: 'unavailable' });
    await raw.store.upkeep.sweep(p, Date.now() * 1000 + 1e9);
    const views = await readKnowing(raw.store, 'acme', [nth(0), nth(1)], known);
    expect(views[0]).toEqual(known[0]);
    expect(views[1]).toMatchObject({ status: 'offline' });
    expect(views[1]?.ver).toBeGreaterThan(known[1]?.ver ?? 0);
    const log = await logged();
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('"reason":"node_lost"');
  });

  /** The largest flush lag that was told lately is waited for: the reconnect may sit in a node's dirty set. */
  it('lets a grace wait for a node that is late in writing', async () => {
    const { gen } = await settle('a.0');
    await apply('a.0', gen, 1, [entryOf(nth(0))]);
    await apply('a.0', gen, 2, [
      entryOf(nth(0), { count: 0, openedAgo: 5000, closedAgo: GRACE, graceMs: GRACE + 1 }),
    ]);
    await beat('b.0', { gen, lagMs: 60_000 });
    await until(async () => {
      await beat('a.0', { gen });
      return Number(await raw.redis.zscore(raw.keys.partitions[p]?.due ?? '', `acme:${nth(0)}`)) < Date.now();
    });
    await beat('b.0', { gen, lagMs: 60_000 });
    await raw.store.upkeep.sweep(p, Date.now() * 1000 + 1e9);
    expect(await status(nth(0))).toBe('online');
    const due = Number(await raw.redis.zscore(raw.keys.partitions[p]?.due ?? '', `acme:${nth(0)}`));
    expect(due - Date.now()).toBeLessThanOrEqual(5000);
  });
});
