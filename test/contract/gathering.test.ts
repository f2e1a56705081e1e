import { afterEach, describe, expect, it } from 'vitest';
import { MACHINE } from '../support/own-time.ts';
import { entryOf } from '../support/raw-store.ts';
import { START, TENANT, Timeline, TTL } from './timeline.ts';
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

describe('while a partition gathers what it lost', () => {
  /** A second tab opens on a node that never saw Ann, before the node of the first one has beaten again. */
  it('nobody appears who may have been there all along', async () => {
    await lostBehindAnn();
    await line.opens('b.0', 'ann');
    expect(await line.story()).toEqual([]);
    await line.beat('a.0');
    const known = {
      user: 'ann',
      status: 'online',
      since: START,
      ver: START * 1000 + 5e8,
      devices: [],
    } as const;
    await line.tell('a.0', entryOf('ann', { known }));
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
    await expect(line.store.read(TENANT, ['ann'], [known])).rejects.toMatchObject({ code: 'unavailable' });
    expect((await line.reap()).users).toBe(1);
    expect((await line.store.read(TENANT, ['ann'], [known]))[0]?.status).toBe('offline');
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
