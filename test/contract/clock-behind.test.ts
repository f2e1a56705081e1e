import { afterEach, describe, expect, it } from 'vitest';
import { GRACE, INTERVAL, START, Timeline, TTL } from './timeline.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
let line: Timeline;
afterEach(() => line.stop());

/** Every timeline is one: its clock is far ahead of that of the machine, as after a failover to one that is behind. */
describe('on a machine whose clock is behind', () => {
  it('time goes on by what the nodes measure: graces end', async () => {
    line = await Timeline.running(server.url());
    await line.opens('a.0', 'ann');
    await line.closes('a.0', 'ann');
    const clock = await line.clock();
    await line.beat('a.0', { clock: clock + (GRACE + 1) * 1000 });
    await line.sweep();
    expect((await line.story()).at(-1)).toBe('offline disconnect');
  });

  it('no node takes it further than a time to live at once, nor back', async () => {
    line = await Timeline.running(server.url());
    const before = await line.now();
    await line.beat('a.0', { clock: (START + before + 100 * TTL) * 1000 });
    expect(await line.now()).toBe(before + TTL);
    await line.beat('a.0', { clock: 1 });
    expect(await line.now()).toBe(before + TTL);
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
    await line.redis.hset(line.keys.meta, 'clock', 1);
    const { clock } = await line.beat('fresh.0', { clock: Date.now() * 1000 + TTL * 1000 });
    expect(clock / 1000).toBeLessThanOrEqual(Date.now() + 1);
  });
});
