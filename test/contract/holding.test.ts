import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MACHINE } from '../support/own-time.ts';
import { entryOf } from '../support/raw-store.ts';
import { readKnowing } from './read-knowing.ts';
import { GRACE, INTERVAL, START, Timeline, TTL } from './timeline.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
let line: Timeline;
afterEach(() => line.stop());

/** What makes a partition hold still; each is enough. */
const REASONS: [string, () => Promise<unknown>][] = [
  ['`meta` is missing', () => line.redis.rename(line.keys.meta, `${line.keys.meta}-lost`)],
  ['nobody beat for one and a half intervals', () => line.pass(INTERVAL * 1.5 + 1)],
  [
    '`hold` lies ahead',
    async () => line.redis.hset(line.keys.meta, 'hold', START + (await line.now()) + 1000),
  ],
  ['a node says that its writes are refused', () => line.beat('b.0', { stuck: true })],
];

/** "Tested inside `reap`, `sweep` and `evaluate`, not only in `beat`": any node may call any of them at any time. */
describe('while a partition is on hold', () => {
  beforeEach(async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
  });

  it.each(REASONS)('reap clears nobody and fences nobody, because %s', async (_, happens) => {
    await line.opens('a.0', 'ann');
    await line.pass(INTERVAL, 'b.0');
    await line.dies('a.0');
    await happens();
    expect(await line.reap()).toEqual({ fenced: 0, users: 0 });
    expect(await line.part('ann', 'a.0')).toBeDefined();
    expect(await line.redis.exists(line.keys.fence('a'))).toBe(0);
  });

  it.each(REASONS)('sweep ends nothing, because %s', async (_, happens) => {
    await line.opens('a.0', 'ann', { openedAgo: 1000 });
    await line.closes('a.0', 'ann');
    await line.pass(GRACE, 'a.0', 'b.0');
    await happens();
    expect(await line.sweep()).toEqual({ swept: 0, more: false });
    expect(await line.story()).toEqual(['online connect']);
  });

  it.each(REASONS.slice(1))('evaluate lets nobody become less, because %s', async (_, happens) => {
    await line.tell('a.0', entryOf('ann', { activeAgo: 0 }), entryOf('bob', { activeAgo: 0 }));
    const claim = { status: 'busy', stamp: 5 } as const;
    await line.opens('a.0', 'cid', { claim });
    await happens();
    await line.tell('b.0', entryOf('dan', { activeAgo: 0 }));
    await line.tell('a.0', entryOf('ann', { count: 0 }), entryOf('bob', { idle: true, activeAgo: 0 }));
    await line.tell('a.0', entryOf('cid', { count: 0, claim }));
    expect(await line.story()).toEqual([
      'online connect',
      'online connect',
      'busy connect',
      'online connect',
    ]);
    expect(await Promise.all(['ann', 'bob', 'cid', 'dan'].map((user) => line.status(user)))).toEqual([
      'online',
      'online',
      'busy',
      'online',
    ]);
  });

  it('what waits is due when the hold ends, and happens then', async () => {
    await line.tell('a.0', entryOf('ann', { activeAgo: 0 }), entryOf('bob', { activeAgo: 0 }));
    const hold = START + (await line.now()) + 1000;
    await line.redis.hset(line.keys.meta, 'hold', hold);
    await line.tell('a.0', entryOf('ann', { count: 0 }), entryOf('bob', { idle: true, activeAgo: 0 }));
    expect(await line.due()).toEqual(['acme:ann', String(hold), 'acme:bob', String(hold)]);
    await line.pass(999, 'a.0');
    expect((await line.sweep()).swept).toBe(0);
    await line.pass(1, 'a.0');
    expect((await line.sweep()).swept).toBe(2);
    expect((await line.story()).slice(2)).toEqual(['offline goodbye', 'away idle']);
  });

  it('a grace that is over meanwhile is still what the user ended by', async () => {
    await line.opens('a.0', 'ann', { openedAgo: 1000 });
    await line.closes('a.0', 'ann');
    await line.redis.hset(line.keys.meta, 'hold', START + (await line.now()) + 2 * GRACE);
    await line.pass(GRACE + 1, 'a.0');
    await line.tell('b.0', entryOf('ann', { count: 0, openedAgo: -1 }));
    await line.pass(GRACE, 'a.0');
    await line.sweep();
    expect(await line.story()).toEqual(['online connect', 'offline disconnect']);
  });

  it('a person may hide: that is no guess', async () => {
    await line.opens('a.0', 'ann');
    await line.redis.hset(line.keys.meta, 'hold', START + TTL);
    await line.store.people.claimOwn({ tenant: 'acme', user: 'ann' }, { status: 'invisible' });
    expect(await line.story()).toEqual(['online connect', 'offline goodbye']);
  });

  it('no view of a watcher is taken for what is stored: whoever knows better has not spoken yet', async () => {
    await line.redis.hset(line.keys.meta, 'hold', START + TTL);
    const known = { user: 'ann', status: 'online', since: START, ver: START * 1000, devices: [] } as const;
    await expect(readKnowing(line.store, 'acme', ['ann'], [known])).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await line.story()).toEqual([]);
  });
});

describe('a hold', () => {
  it('of a partition nobody knew is one and a half intervals, in which reads do not know', async () => {
    line = await Timeline.open(server.url());
    expect(await line.beat('a.0')).toMatchObject({ holdMs: INTERVAL * 1.5, young: true, lost: false });
    await line.opens('a.0', 'ann');
    await line.pass(INTERVAL, 'a.0');
    const reads = [
      () => line.status('ann'),
      () => line.store.views.read('acme', ['ann']),
      () => line.store.views.page('acme', 10),
      () => line.store.views.page('empty', 10),
      () => line.store.views.count('acme'),
      () => line.store.people.claimOwn({ tenant: 'acme', user: 'ann' }, { status: 'busy' }),
    ];
    for (const read of reads) await expect(read()).rejects.toMatchObject({ code: 'unavailable' });
    await line.pass(INTERVAL / 2, 'a.0');
    expect(await line.beat('b.0')).toMatchObject({ holdMs: 0, young: false, lost: false });
    for (const read of reads) await read();
  });

  it('after an outage without loss is a full time to live, once, and reads are good at once', async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
    await line.opens('a.0', 'ann');
    await line.pass(INTERVAL * 1.5 + 1);
    expect(await line.beat('a.0')).toMatchObject({ holdMs: TTL, young: false, lost: false });
    expect(await line.status('ann')).toBe('online');
    await line.pass(INTERVAL, 'a.0');
    expect(await line.beat('b.0')).toMatchObject({ holdMs: TTL - INTERVAL, lost: false });
  });

  it('does not begin when somebody beats at least every one and a half intervals', async () => {
    line = await Timeline.running(server.url(), ['a.0']);
    await line.pass(INTERVAL * 1.5);
    expect(await line.beat('a.0')).toMatchObject({ holdMs: 0 });
  });

  it('after a loss is a full time to live, once a generation however many come to know of it', async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0', 'c.0']);
    const { gen } = line.memory('a.0');
    await line.raw.loseEverything();
    await line.redis.hset(line.keys.meta, MACHINE, START * 1000 + 1e9);
    const first = await line.beat('a.0');
    expect(first).toMatchObject({ lost: true, young: true, holdMs: TTL });
    expect(first.gen).not.toBe(gen);
    await line.pass(INTERVAL, 'a.0');
    expect(await line.beat('b.0')).toMatchObject({
      lost: true,
      young: true,
      holdMs: TTL - INTERVAL,
      gen: first.gen,
    });
    expect(await line.beat('b.0')).toMatchObject({ lost: false });
    await line.pass(TTL - INTERVAL, 'a.0');
    expect(await line.beat('c.0')).toMatchObject({ lost: true, young: false, holdMs: 0 });
  });

  it('is prolonged by the first who remembers more than a node without a memory found', async () => {
    line = await Timeline.running(server.url(), ['a.0']);
    await line.raw.loseEverything();
    await line.redis.hset(line.keys.meta, MACHINE, START * 1000 + 1e9);
    expect(await line.beat('new.0')).toMatchObject({ lost: false, holdMs: INTERVAL * 1.5 });
    expect(await line.beat('a.0')).toMatchObject({ lost: true, holdMs: TTL });
  });

  /** Both reasons at once: the one who missed the loss must not let those be reaped who could not beat either. */
  it('after an outage holds also when the first to come back missed a loss before it', async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
    await line.raw.loseEverything();
    await line.redis.hset(line.keys.meta, MACHINE, START * 1000 + 1e9);
    await line.beat('b.0');
    await line.pass(TTL, 'b.0');
    await line.opens('b.0', 'bob');
    await line.pass(3 * INTERVAL);
    await line.dies('b.0');
    expect(await line.beat('a.0')).toMatchObject({ lost: true, holdMs: TTL });
    expect(await line.reap()).toEqual({ fenced: 0, users: 0 });
  });
});

/** Out of memory: heartbeats reach it all the same. Whoever may write first when it is over is no better informed. */
describe('after a refusal of writes that was longer than graces wait', () => {
  const LONG = GRACE + 6000;
  beforeEach(async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
    await line.opens('a.0', 'ann', { openedAgo: 1000 });
  });

  const refused = async (ms: number): Promise<void> => {
    await line.pass(ms);
    for (const node of ['a.0', 'b.0']) await line.beat(node, { stuck: true, lagMs: ms });
  };

  it('a sweep that comes before the reconnect ends nothing', async () => {
    await line.closes('a.0', 'ann');
    await refused(LONG);
    await line.sweep();
    await line.opens('b.0', 'ann', { openedAgo: LONG - 500 });
    await line.pass(2 * INTERVAL, 'a.0', 'b.0');
    await line.sweep();
    expect(await line.story()).toEqual(['online connect']);
  });

  it('a node that tells of the end before another tells of the reconnect ends nothing', async () => {
    await refused(LONG);
    await line.closes('a.0', 'ann', { openedAgo: LONG + 1000, closedAgo: LONG, activeAgo: LONG + 1000 });
    await line.opens('b.0', 'ann', { openedAgo: LONG - 500 });
    expect(await line.story()).toEqual(['online connect']);
  });

  it('who did not come back is gone one and a half intervals later', async () => {
    await line.closes('a.0', 'ann');
    await refused(LONG);
    await line.pass(INTERVAL * 1.5, 'a.0', 'b.0');
    await line.sweep();
    expect(await line.story()).toEqual(['online connect', 'offline disconnect']);
  });

  it('a node that alone cannot write holds nobody for longer than two and a half intervals', async () => {
    await line.closes('a.0', 'ann');
    for (let passed = 0; passed <= 3.5 * INTERVAL; passed += INTERVAL / 2) {
      await line.beat('b.0', { stuck: true, lagMs: passed });
      await line.sweep();
      await line.pass(INTERVAL / 2, 'a.0');
    }
    expect(await line.story()).toEqual(['online connect', 'offline disconnect']);
  });
});

describe('the end of a grace', () => {
  beforeEach(async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
    await line.opens('a.0', 'ann', { openedAgo: 1000 });
    await line.closes('a.0', 'ann');
  });

  const sweptAfter = async (ms: number): Promise<number> => {
    await line.pass(ms, 'a.0');
    return (await line.sweep()).swept;
  };

  /** The reconnect may sit in the dirty list of a node that is late in writing. */
  it('waits for the largest flush lag that was told', async () => {
    await line.beat('b.0', { lagMs: 3000 });
    await line.beat('a.0', { lagMs: 1000 });
    expect(await sweptAfter(GRACE)).toBe(1);
    expect(await line.status('ann')).toBe('online');
    expect(await sweptAfter(2999)).toBe(0);
    expect(await sweptAfter(1)).toBe(1);
    expect(await line.status('ann')).toBe('offline');
  });

  it('waits five seconds at most', async () => {
    await line.beat('b.0', { lagMs: 600_000 });
    await sweptAfter(GRACE + 4999);
    expect(await line.status('ann')).toBe('online');
    await sweptAfter(1);
    expect(await line.status('ann')).toBe('offline');
  });

  /** A store that hung answers in any order: the sweep, then the reconnect that was sent before it. */
  it('waits as long as the sweep itself was held up', async () => {
    await line.pass(GRACE - 300, 'a.0');
    const looked = (await line.machine()) / 1000;
    await line.pass(300, 'a.0');
    const [member = ''] = await line.due();
    await line.redis.zadd(line.keys.due, looked, member);
    await line.store.upkeep.sweep(0, looked);
    expect(await line.status('ann')).toBe('online');
    expect(await sweptAfter(250)).toBe(0);
    expect(await sweptAfter(50)).toBe(1);
    expect(await line.status('ann')).toBe('offline');
  });

  it('looks again as soon as nobody was late for two intervals, not when the whole lag is over', async () => {
    await line.beat('b.0', { lagMs: 5000 });
    await line.opens('a.0', 'bob', { openedAgo: 1000 });
    await line.closes('a.0', 'bob');
    await line.pass(Math.max(GRACE, 2 * INTERVAL + 1), 'a.0');
    await line.sweep();
    expect(await line.status('bob')).toBe('offline');
  });

  it('waits no more when nobody was late for two intervals', async () => {
    await line.beat('b.0', { lagMs: 5000 });
    await line.pass(2 * INTERVAL + 1, 'a.0');
    await line.opens('a.0', 'bob', { openedAgo: 1000 });
    await line.closes('a.0', 'bob');
    await line.pass(GRACE, 'a.0');
    await line.sweep();
    expect(await line.status('bob')).toBe('offline');
  });
});

describe('a sweep', () => {
  beforeEach(async () => {
    line = await Timeline.running(server.url(), ['a.0']);
  });

  /** What a sweeper peeked at may have changed: whoever came back is not due any more. */
  it('looks again at what is due before it does anything', async () => {
    await line.opens('a.0', 'ann', { openedAgo: 1000 });
    await line.closes('a.0', 'ann');
    const due = await line.due();
    await line.pass(GRACE - 1, 'a.0');
    // The clock a caller estimates says only where to look: here a minute too far.
    expect(await line.store.upkeep.sweep(0, (await line.machine()) / 1000 + 60_000)).toEqual({
      swept: 0,
      more: false,
    });
    await line.opens('a.0', 'ann');
    await line.redis.zadd(line.keys.due, due[1] ?? 0, due[0] ?? '');
    await line.pass(GRACE, 'a.0');
    expect((await line.sweep()).swept).toBe(0);
    expect(await line.story()).toEqual(['online connect']);
    expect(await line.redis.zcard(line.keys.due)).toBe(0);
  });

  it('puts who was queued too early where they belong, so that they hide nobody who is due', async () => {
    await line.tell('a.0', entryOf('ann', { activeAgo: 0, idle: true }));
    const queued = await line.due();
    await line.redis.zadd(line.keys.due, 1, 'acme:ann');
    expect((await line.sweep()).swept).toBe(0);
    expect(await line.due()).toEqual(queued);
  });

  it('says when more is due than one call looks at', async () => {
    const crowd = Array.from({ length: 600 }, (_, i) => `u${i}`);
    for (const half of [crowd.slice(0, 300), crowd.slice(300)]) {
      await line.tell('a.0', ...half.map((user) => entryOf(user, { openedAgo: 1000, activeAgo: 0 })));
      const closed = { count: 0, openedAgo: 1000, closedAgo: 0, activeAgo: 0, graceMs: GRACE };
      await line.tell('a.0', ...half.map((user) => entryOf(user, closed)));
    }
    await line.pass(GRACE, 'a.0');
    expect(await line.sweep()).toEqual({ swept: 500, more: true });
    expect(await line.sweep()).toEqual({ swept: 100, more: false });
    expect(await line.store.views.count('acme')).toEqual({ online: 0, away: 0, busy: 0 });
  });
});
