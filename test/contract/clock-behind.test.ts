import { afterEach, describe, expect, it } from 'vitest';
import { MACHINE } from '../support/own-time.ts';
import { GRACE, INTERVAL, TENANT, Timeline, TTL } from './timeline.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
let line: Timeline;
afterEach(() => line.stop());

const BACK = 3 * TTL;

/** As after a failover to a machine whose clock is behind. */
const goesBack = (ms = BACK) => line.redis.hincrby(line.keys.meta, MACHINE, -ms * 1000);
/** The time of the partition, ms, as a beat that reckons nothing tells it. */
const time = async (): Promise<number> => {
  const { micros, shiftMs } = await line.beat('a.0');
  return micros / 1000 + shiftMs;
};
const sweepAt = (at: number) => line.store.upkeep.sweep(0, at);

describe('on a machine whose clock is behind', () => {
  it('time goes on by what the nodes measure: graces end', async () => {
    line = await Timeline.running(server.url());
    await line.opens('a.0', 'ann');
    await line.closes('a.0', 'ann');
    const before = await time();
    await goesBack();
    await line.beat('a.0', { time: before + GRACE - 1 });
    await sweepAt(before + GRACE - 1);
    expect((await line.story()).at(-1)).toBe('online connect');
    // And between beats by the machine itself.
    await line.redis.hincrby(line.keys.meta, MACHINE, 1000);
    await sweepAt(before + GRACE);
    expect((await line.story()).at(-1)).toBe('offline disconnect');
  });

  it('no node takes it further than a time to live at once, nor back', async () => {
    line = await Timeline.running(server.url());
    const before = await time();
    await goesBack();
    await line.beat('a.0', { time: before + 100 * TTL });
    expect(await time()).toBe(before + TTL);
    await line.beat('a.0', { time: 1 });
    expect(await time()).toBe(before + TTL);
  });

  it('it is helped no more once the machine is as far, as after a failover back', async () => {
    line = await Timeline.running(server.url());
    const before = await time();
    await goesBack();
    await line.beat('a.0', { time: before + 1 });
    await goesBack(-BACK - INTERVAL - 1);
    expect(await line.beat('a.0')).toMatchObject({ shiftMs: 0, micros: (before + INTERVAL + 1) * 1000 });
    expect(await line.meta('shift')).toBe('0');
  });

  it('stays where it is for as long as nobody beats, and so does a machine that is set back a little', async () => {
    line = await Timeline.running(server.url());
    await line.opens('a.0', 'ann');
    const before = await time();
    await goesBack(INTERVAL / 2);
    await line.beat('a.0', { time: before + INTERVAL / 4 });
    expect([await time(), await line.meta('shift')]).toEqual([before, null]);
  });

  /** What people wrote is about the time of day: it is judged by the machine, and so is what they are told. */
  it('ends, revocations and times that are shown are of the time of day', async () => {
    line = await Timeline.running(server.url());
    const ann = { tenant: TENANT, user: 'ann' };
    await line.opens('a.0', 'ann');
    const before = await time();
    await goesBack();
    await line.beat('a.0', { time: before + 1 });
    const today = (await line.machine()) / 1000;
    const claim = { status: 'busy', until: today + 15_000, priority: 50 } as const;
    expect((await line.store.people.claim(ann, 'calendar', claim)).view).toMatchObject({
      ...{ status: 'busy', since: today, until: today + 15_000 },
    });
    await line.redis.hincrby(line.keys.meta, MACHINE, 14_999_000);
    await sweepAt(before + 15_000);
    expect(await line.status('ann')).toBe('busy');
    await line.redis.hincrby(line.keys.meta, MACHINE, 1000);
    await sweepAt(before + 15_001);
    expect(await line.status('ann')).toBe('online');
    await line.opens('a.0', 'ann', { count: 0, openedAgo: 20_000 });
    expect((await line.view('ann')).lastSeen).toBe(today + 15_000);
    await line.store.endings.revoke(ann);
    expect(await line.store.endings.revocations()).toEqual([{ ...ann, at: Math.floor(today / 1000) + 15 }]);
    await line.redis.hincrby(line.keys.meta, MACHINE, 1000);
    await line.opens('a.0', 'ann', { iat: Math.floor(today / 1000) + 21 });
    expect(await line.status('ann')).toBe('online');
  });

  it('a dead node is cleared although its lease was given by a clock that was ahead', async () => {
    line = await Timeline.running(server.url(), ['a.0', 'x.0']);
    await line.opens('x.0', 'ann');
    await line.redis.pexpire(line.keys.beat('x.0'), 10 * TTL);
    await line.pass(TTL - INTERVAL, 'a.0');
    expect((await line.reap()).users).toBe(0);
    await line.pass(INTERVAL, 'a.0');
    expect((await line.reap()).users).toBe(1);
  });

  it('one that beats is not, however long its lease seems to be', async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
    await line.opens('b.0', 'ann');
    await line.pass(2 * TTL, 'a.0', 'b.0');
    await line.redis.pexpire(line.keys.beat('b.0'), 10 * TTL);
    expect((await line.reap()).users).toBe(0);
  });
});

describe('on a machine whose clock is right', () => {
  it('what nodes reckon counts for nothing', async () => {
    line = await Timeline.running(server.url());
    const before = await time();
    await line.beat('fresh.0', { time: before + TTL });
    expect(await time()).toBe(before);
  });
});
