import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { View } from '../../src/domain/model.ts';
import { entryOf } from '../support/raw-store.ts';
import { readKnowing } from './read-knowing.ts';
import { GRACE, INTERVAL, START, Timeline, TTL } from './timeline.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
let line: Timeline;
beforeEach(async () => {
  line = await Timeline.running(server.url(), ['a.0', 'b.0']);
});
afterEach(() => line.stop());

/** What a failover to a replica that lagged behind is like: every key is as it was. */
const keepCopy = async (): Promise<() => Promise<void>> => {
  const keys = await line.redis.keys(line.keys.meta.replace(/meta$/, '*'));
  const copies = await Promise.all(
    keys.map(async (key) => ({ key, dump: await line.redis.dumpBuffer(key) })),
  );
  return async () => {
    await line.raw.loseEverything();
    for (const { key, dump } of copies) await line.redis.restore(key, 0, dump as Buffer, 'REPLACE');
  };
};

describe('a batch', () => {
  it('that a newer one overtook is stale, and changes nothing', async () => {
    const late = { node: 'a.0', gen: line.memory('a.0').gen ?? '', seen: 0, base: 0, seq: 1 };
    await line.store.reports.apply(0, { ...late, seq: 2, entries: [entryOf('ann', { activeAgo: 0 })] });
    const view = await line.view('ann');
    for (const seq of [1, 2]) {
      const reply = await line.store.reports.apply(0, {
        ...late,
        seq,
        entries: [entryOf('ann', { count: 0 })],
      });
      expect(reply).toEqual({ result: 'stale' });
    }
    expect(await line.view('ann')).toEqual(view);
    expect(await line.redis.get(line.keys.seq('a.0'))).toBe('2');
  });

  it('of a generation that is gone is lost, whatever is there instead', async () => {
    await line.opens('a.0', 'ann');
    await line.everythingIsLost();
    expect(await line.opens('a.0', 'ann')).toEqual({ result: 'lost' });
    await line.beat('c.0');
    expect(await line.opens('a.0', 'ann')).toEqual({ result: 'lost' });
    // Also of a node that never wrote before, and so misses nothing of its own.
    expect(await line.opens('b.0', 'bob')).toEqual({ result: 'lost' });
    expect(await line.redis.exists(line.keys.log, line.keys.due, line.keys.online('acme'))).toBe(0);
  });

  it('that builds on one the store does not have is lost', async () => {
    await line.opens('a.0', 'ann');
    const back = await keepCopy();
    await line.opens('a.0', 'bob');
    await back();
    expect(await line.opens('a.0', 'cid')).toEqual({ result: 'lost' });
    expect(await line.status('cid')).toBe('offline');
  });

  it('of unknown outcome is not in the way of the next one', async () => {
    await line.opens('a.0', 'ann');
    const memory = line.memory('a.0');
    const { acked } = memory;
    // Two batches were stored, but no answer came back.
    await line.opens('a.0', 'bob');
    await line.opens('a.0', 'cid');
    memory.acked = acked;
    expect(await line.opens('a.0', 'dan')).toMatchObject({ result: 'ok' });
    // One was never stored.
    memory.seq += 1;
    expect(await line.opens('a.0', 'eve')).toMatchObject({ result: 'ok' });
  });
});

describe('data that went back', () => {
  it('is noticed by what a node has seen: a new generation, told to every node once', async () => {
    const { gen } = line.memory('a.0');
    const back = await keepCopy();
    // Another node's transition, which this one saw in the feed.
    await line.opens('b.0', 'bob');
    line.memory('a.0').seen = (await line.view('bob')).ver;
    await back();
    const reply = await line.beat('a.0');
    expect(reply).toMatchObject({ lost: true, young: true, holdMs: TTL });
    expect(reply.gen).not.toBe(gen);
    expect(await line.beat('b.0')).toMatchObject({ lost: true, gen: reply.gen });
    expect(await line.beat('a.0')).toMatchObject({ lost: false, gen: reply.gen });
    expect(await line.beat('b.0')).toMatchObject({ lost: false, gen: reply.gen });
  });

  it('is noticed by the batch that was acknowledged, though the clock is ahead', async () => {
    const { gen } = line.memory('a.0');
    await line.opens('a.0', 'ann');
    const back = await keepCopy();
    await line.opens('a.0', 'bob');
    await back();
    await line.pass(1000);
    const reply = await line.beat('a.0', { seen: 0 });
    expect(reply).toMatchObject({ lost: true, young: true, holdMs: TTL });
    expect(reply.gen).not.toBe(gen);
  });

  /**
   * The clock alone does not tell: whoever writes first after a failover brings it to the present. Then a node that
   * died with the old master would be shown online for ever where its last transition had been delivered.
   */
  it('is noticed by the log entry a node was given, though a write has moved the clock on since', async () => {
    const { gen } = line.memory('a.0');
    const back = await keepCopy();
    await line.opens('b.0', 'bob');
    const delivered = (await line.view('bob')).ver;
    line.memory('a.0').seen = delivered;
    await back();
    await line.pass(1000);
    expect(await line.tell('a.0', entryOf('nobody', { count: 0 }))).toMatchObject({ result: 'ok' });
    const reply = await line.beat('a.0', { delivered });
    expect(reply).toMatchObject({ lost: true, young: true, holdMs: TTL });
    expect(reply.gen).not.toBe(gen);
    // Under a new generation the old log says nothing any more.
    expect(await line.beat('a.0', { delivered: 0 })).toMatchObject({ lost: false, gen: reply.gen });
  });

  it('is not what a late heartbeat says, which knows less than is stored', async () => {
    const { gen } = line.memory('a.0');
    const { seen } = line.memory('a.0');
    await line.opens('a.0', 'ann');
    await line.opens('a.0', 'bob');
    expect(await line.beat('a.0', { seen, acked: 1 })).toMatchObject({ lost: false, gen });
  });

  /** Nothing older than what was shown may be told, however much was lost and whatever the clock says by now. */
  it('gives out no version that was given out before', async () => {
    await line.opens('a.0', 'ann');
    const back = await keepCopy();
    await line.pass(INTERVAL, 'a.0', 'b.0');
    await line.tell('a.0', entryOf('ann', { idle: true, activeAgo: 0 }));
    const shown = await line.view('ann');
    await back();
    expect(await line.clock()).toBeLessThan(shown.ver);
    await line.beat('a.0');
    expect(await line.clock()).toBeGreaterThanOrEqual(shown.ver);
    await line.pass(TTL, 'a.0', 'b.0');
    await line.tell('a.0', entryOf('ann', { activeAgo: 0, known: shown }), entryOf('bob', { activeAgo: 0 }));
    for (const user of ['ann', 'bob']) expect((await line.view(user)).ver).toBeGreaterThan(shown.ver);
    expect(
      (await line.log()).map(({ id }) => id).every((id, i, ids) => i === 0 || id > (ids[i - 1] ?? 0)),
    ).toBe(true);
  });
});

describe('after a loss', () => {
  const heals = async (...nodes: string[]): Promise<void> => {
    for (const node of nodes) await line.beat(node);
  };

  it('nobody who was online and still is makes a transition, whichever node speaks first', async () => {
    await line.opens('a.0', 'ann');
    await line.opens('b.0', 'ann');
    await line.opens('a.0', 'bob', { claim: { status: 'busy', text: 'x', stamp: 9 } });
    const [ann, bob] = [await line.view('ann'), await line.view('bob')];
    await line.everythingIsLost();
    await heals('b.0', 'a.0');
    await line.opens('b.0', 'ann', { known: ann, openedAgo: 2000 });
    await line.tell(
      'a.0',
      entryOf('ann', { known: ann, activeAgo: 0, openedAgo: 2000 }),
      entryOf('bob', {
        known: bob,
        activeAgo: 1000,
        openedAgo: 2000,
        claim: { status: 'busy', text: 'x', stamp: 9 },
      }),
    );
    await line.pass(TTL, 'a.0', 'b.0');
    await line.sweep();
    expect(await line.log()).toEqual([]);
    expect([await line.view('ann'), await line.view('bob')]).toEqual([ann, bob]);
    expect(await line.store.views.count('acme')).toEqual({ online: 1, away: 0, busy: 1 });
  });

  /** "of several nodes' views the highest ver counts" */
  it('the newest of the views that nodes knew counts, in any order', async () => {
    await line.opens('a.0', 'ann');
    const older = await line.view('ann');
    await line.tell('a.0', entryOf('ann', { activeAgo: 0, idle: true }));
    const newer = await line.view('ann');
    for (const [first, second] of [
      [older, newer],
      [newer, older],
    ] as const) {
      await line.everythingIsLost();
      await heals('a.0', 'b.0');
      await line.opens('a.0', 'ann', { known: first, idle: true, openedAgo: 2000 });
      await line.opens('b.0', 'ann', { known: second, idle: true, openedAgo: 2000 });
      await line.pass(TTL, 'a.0', 'b.0');
      await line.sweep();
      expect([await line.story(), await line.view('ann')]).toMatchObject([
        [],
        { status: 'away', ver: newer.ver },
      ]);
    }
  });

  it('a grace goes on that a node remembers, and ends when it would have', async () => {
    await line.opens('a.0', 'ann', { openedAgo: 1000 });
    await line.closes('a.0', 'ann');
    const known = await line.view('ann');
    await line.everythingIsLost();
    await heals('a.0');
    await line.closes('a.0', 'ann', { known, openedAgo: 2000, closedAgo: 1000 });
    expect(await line.story()).toEqual([]);
    // The partition holds still for a time to live, which is longer than the grace.
    await line.pass(TTL, 'a.0');
    expect(await line.story()).toEqual([]);
    await line.sweep();
    expect(await line.story()).toEqual(['offline disconnect']);
  });

  it('who left meanwhile is offline once the partition is sure of it', async () => {
    await line.opens('a.0', 'ann');
    const known = await line.view('ann');
    await line.everythingIsLost();
    await heals('b.0');
    // The only one who still knows of ann is a watcher on another node.
    await expect(readKnowing(line.store, 'acme', ['ann'], [known])).rejects.toMatchObject({
      code: 'unavailable',
    });
    await line.pass(TTL, 'b.0');
    await line.sweep();
    const [view] = await readKnowing(line.store, 'acme', ['ann'], [known]);
    expect(view).toMatchObject({ status: 'offline' });
    expect(view?.ver).toBeGreaterThan(known.ver);
    expect(await line.story()).toEqual(['offline node_lost']);
    // Others who hold the same old view cause nothing more.
    expect(await readKnowing(line.store, 'acme', ['ann'], [known])).toEqual([view]);
    expect(await line.story()).toHaveLength(1);
  });

  it('a view that is still true is repaired without a word', async () => {
    await line.opens('a.0', 'ann');
    const { active: _, ...stored } = await line.view('ann');
    const known: View = { ...stored, ver: stored.ver + 1000, since: stored.since - 7 };
    expect(await readKnowing(line.store, 'acme', ['ann'], [known])).toEqual([known]);
    expect(await line.story()).toEqual(['online connect']);
    expect(await line.clock()).toBeGreaterThanOrEqual(known.ver);
  });

  it('an invisible person shows neither that they are there nor when they were', async () => {
    const claim = { status: 'invisible', stamp: 9 } as const;
    await line.opens('a.0', 'ann');
    await line.pass(1000, 'a.0', 'b.0');
    await line.opens('a.0', 'ann', { activeAgo: 1000, openedAgo: 1000, claim });
    const known = await line.view('ann');
    expect(known).toMatchObject({ status: 'offline', lastSeen: START + INTERVAL * 1.5 });
    await line.everythingIsLost();
    await heals('a.0');
    await line.pass(GRACE, 'a.0');
    await line.opens('a.0', 'ann', { known, claim, openedAgo: 9000 });
    await line.pass(TTL, 'a.0');
    expect([await line.story(), await line.view('ann')]).toEqual([[], known]);
  });
});
