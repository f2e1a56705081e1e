import { afterEach, describe, expect, it } from 'vitest';
import type { View } from '../../src/domain/model.ts';
import { MACHINE } from '../support/own-time.ts';
import { entryOf } from '../support/raw-store.ts';
import { readKnowing } from './read-knowing.ts';
import { INTERVAL, START, TENANT, Timeline, TTL } from './timeline.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
let line: Timeline;
afterEach(() => line.stop());

/** Ann is shown online through a.0; then the store loses everything, and b.0 is the first to notice. */
const lostBehindAnn = async (): Promise<void> => {
  line = await Timeline.running(server.url(), ['a.0', 'b.0']);
  await line.opens('a.0', 'ann');
  await line.raw.loseEverything();
  await line.redis.hset(line.keys.meta, MACHINE, START * 1000 + 1e9);
  await line.beat('b.0');
};

const VER = START * 1000 + 5e8;

const known = (more: Partial<View>): View => ({
  user: 'ann',
  status: 'online',
  since: START,
  ver: VER,
  devices: [],
  ...more,
});

/** A node on which somebody watches Ann tells what it was given. */
const told = (more: Partial<View>): Promise<void> => line.store.reports.restore(TENANT, [known(more)]);

describe('while a partition gathers what it lost', () => {
  /** A second tab opens on a node that never saw Ann, before the node of the first one has beaten again. */
  it('nobody appears who may have been there all along', async () => {
    await lostBehindAnn();
    await line.opens('b.0', 'ann');
    expect(await line.story()).toEqual([]);
    await line.beat('a.0');
    await line.tell('a.0', entryOf('ann', { known: known({}) }));
    await line.pass(TTL, 'a.0', 'b.0');
    await line.sweep();
    expect(await line.status('ann')).toBe('online');
    expect(await line.story()).toEqual([]);
  });

  it('who really comes is shown when it is over', async () => {
    await lostBehindAnn();
    await line.opens('b.0', 'bob');
    await line.pass(TTL, 'a.0', 'b.0');
    await line.sweep();
    expect(await line.story('bob')).toEqual(['online connect']);
  });

  /** Their node is gone, and the one they come back to never saw them. */
  it('who comes back is restored from what a watcher was shown, without a transition', async () => {
    await lostBehindAnn();
    await line.opens('b.0', 'ann');
    await told({ status: 'online' });
    await line.pass(TTL, 'b.0');
    await line.reap();
    await line.sweep();
    expect(await line.view('ann')).toMatchObject({ status: 'online', ver: VER });
    expect(await line.story()).toEqual([]);
  });

  it('who comes back only after the watcher has spoken goes on as they were', async () => {
    await lostBehindAnn();
    await told({ status: 'away', lastSeen: START });
    await line.opens('b.0', 'ann', { activeAgo: -1 });
    await line.pass(TTL, 'b.0');
    await line.sweep();
    expect(await line.view('ann')).toMatchObject({ status: 'away', ver: VER });
  });

  it('who does not come back has a grace, from when the watcher spoke', async () => {
    await lostBehindAnn();
    await told({ status: 'online' });
    await line.pass(TTL, 'b.0');
    await line.sweep();
    expect(await line.story()).toEqual(['offline node_lost']);
  });

  /** A watcher may have missed the last of it, and whoever holds her has not spoken yet. */
  it('nobody turns active by what an old view makes of a new connection', async () => {
    await lostBehindAnn();
    await told({ status: 'away', lastSeen: START, ver: VER - 5 });
    await line.opens('b.0', 'ann');
    await line.beat('a.0');
    await line.tell('a.0', entryOf('ann', { activeAgo: 0, known: known({ status: 'online' }) }));
    await line.pass(TTL, 'a.0', 'b.0');
    await line.sweep();
    expect(await line.view('ann')).toMatchObject({ status: 'online', ver: VER });
    expect(await line.story()).toEqual([]);
  });

  /** The partition is not young any more, and nobody has swept it: what is stored of her still says that she is not there. */
  it('who came meanwhile is not said to be offline before they are shown', async () => {
    await lostBehindAnn();
    await line.opens('b.0', 'bob');
    await line.pass(TTL, 'b.0');
    const reads = [
      () => line.status('bob'),
      () => line.store.views.page(TENANT, 10),
      () => line.store.views.count(TENANT),
      () => line.store.groups.page(TENANT, 'g', 10),
      () => line.store.groups.count(TENANT, 'g'),
      () => line.store.views.explain({ tenant: TENANT, user: 'bob' }),
    ];
    for (const read of reads) await expect(read()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await line.beat('b.0')).toMatchObject({ young: true, holdMs: 0 });
    await line.sweep();
    for (const read of reads) await read();
    expect(await line.status('bob')).toBe('online');
    expect(await line.beat('b.0')).toMatchObject({ young: false });
  });

  /** The hold begins anew, and with it nobody is swept for a while. */
  it('nor is it said when nobody beats for a while just before', async () => {
    await lostBehindAnn();
    await line.opens('b.0', 'bob');
    await line.pass(TTL, 'b.0');
    await line.pass(2 * INTERVAL);
    await line.beat('b.0');
    await expect(line.status('bob')).rejects.toMatchObject({ code: 'unavailable' });
    await line.pass(TTL, 'b.0');
    await line.sweep();
    expect(await line.status('bob')).toBe('online');
  });

  it('is over for good with the first beat after everybody was looked at', async () => {
    await lostBehindAnn();
    await line.opens('b.0', 'bob');
    await line.pass(TTL, 'b.0');
    await line.sweep();
    await line.beat('b.0');
    expect(await line.meta('young')).toBe('0');
  });

  /** A node tells a claim again that was cleared long ago, and others who hold her have not spoken. */
  it.each([
    ['whose people are gone', { count: 0 }],
    ['where she is idle', { idle: true, activeAgo: 0 }],
  ])('who has a claim is not less than they were because of a node %s', async (_, there) => {
    await lostBehindAnn();
    const claim = { status: null, stamp: VER - 9 } as const;
    await line.tell('b.0', entryOf('ann', { ...there, claim, known: known({}) }));
    expect(await line.story()).toEqual([]);
    await line.beat('a.0');
    await line.tell('a.0', entryOf('ann', { activeAgo: 0, claim, known: known({}) }));
    await line.pass(TTL, 'a.0', 'b.0');
    await line.sweep();
    expect(await line.view('ann')).toMatchObject({ status: 'online', ver: VER });
    expect(await line.story()).toEqual([]);
  });

  it('who hides or shows themselves on purpose is believed', async () => {
    await lostBehindAnn();
    await line.tell('b.0', entryOf('bob', { activeAgo: 0, claim: { status: 'busy', stamp: START * 1000 } }));
    expect(await line.story('bob')).toEqual(['busy connect']);
  });
});

describe('after a rollback that brought back a node that had been cleared', () => {
  /** The row has a part of x.0 again, whose fence is forgotten as well; watchers know that Ann is offline. */
  const broughtBack = async (): Promise<number> => {
    line = await Timeline.running(server.url(), ['a.0', 'x.0']);
    await line.opens('x.0', 'ann');
    await line.dies('x.0');
    const now = START + (await line.now());
    await line.redis.hset(line.keys.meta, 'hold', now);
    return now * 1000 + 1000;
  };

  it('no view is repaired before it is cleared again: nobody is found present by it', async () => {
    const ver = await broughtBack();
    const known = { user: 'ann', status: 'offline', since: START, ver, devices: [] } as const;
    await expect(readKnowing(line.store, TENANT, ['ann'], [known])).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect((await line.reap()).users).toBe(1);
    expect((await readKnowing(line.store, TENANT, ['ann'], [known]))[0]?.status).toBe('offline');
    expect((await line.story()).slice(1)).not.toContain('online resync');
  });

  it('no deadline is looked at before', async () => {
    await broughtBack();
    await line.redis.zadd(line.keys.due, 1, `${TENANT}:ann`);
    expect((await line.sweep()).swept).toBe(0);
    await line.reap();
    expect(await line.due()).not.toContain('1');
  });
});
