import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectConsistent } from './consistent.ts';
import { GRACE, START, TENANT, Timeline } from './timeline.ts';
import { useRedis } from './use-redis.ts';

/**
 * "Order inside each: read all, compute, then write log → state → `seq` → publish last. An aborted script can then
 * repeat a transition with a newer `ver`, never lose or invent one." Here one of the later writes finds a key of another
 * type. Time stands meanwhile, so that the repetition cannot live on the clock of Redis alone.
 */
describe('a call that is cut short', () => {
  const server = useRedis();
  let line: Timeline;
  let messages: string[];
  let undo: () => void;
  beforeEach(async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
    const subscriber = line.redis.duplicate();
    messages = [];
    subscriber.on('smessage', (_: string, message: string) => messages.push(message));
    await subscriber.ssubscribe(line.keys.events);
    undo = () => subscriber.disconnect();
  });
  afterEach(async () => {
    undo();
    await line.stop();
  });

  /** Runs something while one key is not what it should be. */
  const broken = async (key: string, run: () => Promise<unknown>): Promise<void> => {
    const held = (await line.redis.exists(key)) === 1;
    if (held) await line.redis.rename(key, `${key}-aside`);
    await line.redis.set(key, 'of another type');
    await expect(run()).rejects.toMatchObject({ code: 'unavailable' });
    await line.redis.del(key);
    if (held) await line.redis.rename(`${key}-aside`, key);
  };
  const idle = { idle: true, activeAgo: 0 };
  const twice = async (): Promise<void> => {
    const [first, second, ...rest] = (await line.transitions()).slice(-2);
    expect(rest).toEqual([]);
    const { ver: older, since: _, ...before } = first ?? { ver: 0, since: 0 };
    const { ver: newer, since: __, ...again } = second ?? { ver: 0, since: 0 };
    expect(again).toEqual(before);
    expect(newer).toBeGreaterThan(older);
  };

  it.each([
    ['the queue of deadlines', () => line.keys.due],
    ['the index of who is there', () => line.keys.online(TENANT)],
    ['the index of who is away', () => line.keys.away(TENANT)],
    ["the node's list", () => line.keys.node('a.0')],
  ])('at %s leaves the transition in the log, and repeats it under a newer version', async (_, key) => {
    await broken(key(), () => line.opens('a.0', 'ann', idle));
    expect(await line.story()).toEqual(['away connect']);
    expect(await line.redis.get(line.keys.seq('a.0'))).toBeNull();
    expect(await line.view('ann')).toMatchObject({ status: 'offline', ver: 0 });
    expect(messages).toEqual([]);

    expect(await line.opens('a.0', 'ann', idle)).toMatchObject({ result: 'ok' });
    expect(await line.story()).toEqual(['away connect', 'away connect']);
    await twice();
    expect((await line.view('ann')).ver).toBe((await line.transitions())[1]?.ver);
    await expect.poll(() => messages.length).toBe(1);
    // The message names what was logged before it, so that a feed reads what nobody published.
    expect(messages[0]?.split('\n')[1]).toBe(String((await line.transitions())[0]?.ver));
    expect(await line.redis.get(line.keys.seq('a.0'))).toBe('2');
    await expectConsistent(line.redis, line.keys);
  });

  it('at the log has done nothing at all', async () => {
    await line.opens('b.0', 'bob');
    const before = await line.redis.hgetall(line.keys.meta);
    await broken(line.keys.log, () => line.opens('a.0', 'ann', idle));
    expect(await line.redis.hgetall(line.keys.meta)).toEqual(before);
    expect(await line.redis.exists(line.keys.user({ tenant: TENANT, user: 'ann' }))).toBe(0);
    expect(await line.store.leases.held(0, 'a.0')).toEqual([]);
    await expectConsistent(line.redis, line.keys);
  });

  it('at a row of several has read it before it wrote any', async () => {
    const rows = ['ann', 'bob'].map((user) => line.keys.user({ tenant: TENANT, user }));
    await broken(rows[1] ?? '', () => line.opens('a.0', 'ann').then(() => line.opens('a.0', 'bob')));
    expect(await line.story()).toEqual(['online connect']);
    expect(await line.status('ann')).toBe('online');
  });

  it('loses no goodbye', async () => {
    await line.opens('a.0', 'ann');
    await broken(line.keys.node('a.0'), () => line.tell('a.0', { ...GONE, user: 'ann' }));
    expect(await line.status('ann')).toBe('online');
    await line.tell('a.0', { ...GONE, user: 'ann' });
    expect(await line.story()).toEqual(['online connect', 'offline goodbye', 'offline goodbye']);
    await twice();
    await expectConsistent(line.redis, line.keys);
  });

  it('loses no end of a grace', async () => {
    await line.opens('a.0', 'ann', { openedAgo: 1000 });
    await line.closes('a.0', 'ann');
    await line.pass(GRACE, 'a.0', 'b.0');
    await broken(line.keys.online(TENANT), () => line.sweep());
    expect(await line.status('ann')).toBe('online');
    expect(await line.sweep()).toMatchObject({ swept: 1 });
    expect(await line.story()).toEqual(['online connect', 'offline disconnect', 'offline disconnect']);
    await twice();
    await expectConsistent(line.redis, line.keys);
  });

  it('loses nobody of a dead node', async () => {
    await line.opens('a.0', 'ann');
    await line.pass(10 * GRACE, 'b.0');
    await line.dies('a.0');
    await broken(line.keys.online(TENANT), () => line.reap());
    expect(await line.status('ann')).toBe('online');
    expect(await line.store.leases.held(0, 'a.0')).toHaveLength(1);
    expect(await line.reap()).toMatchObject({ users: 1 });
    expect(await line.story()).toEqual(['online connect', 'offline node_lost', 'offline node_lost']);
    await twice();
    await expectConsistent(line.redis, line.keys);
  });

  it.each([
    ['the queue of deadlines', () => line.keys.due],
    ['the list of revocations', () => line.keys.revoked],
  ])('at %s loses no revocation that is told again', async (_, key) => {
    const ref = { tenant: TENANT, user: 'ann' };
    const at = Math.floor(START / 1000);
    await broken(key(), () => line.store.endings.refuse(0, [{ ...ref, at }]));
    expect(await line.store.endings.revocations()).toEqual([]);
    await line.store.endings.refuse(0, [{ ...ref, at }]);
    expect(await line.store.endings.revocations()).toEqual([{ ...ref, at }]);
    await expect(line.store.people.touch(ref, { iat: 1 })).rejects.toMatchObject({ code: 'revoked' });
    await expectConsistent(line.redis, line.keys);
  });

  it('loses no claim that was set over HTTP', async () => {
    const ref = { tenant: TENANT, user: 'ann' };
    await line.opens('a.0', 'ann');
    await broken(line.keys.busy(TENANT), () => line.store.people.claimOwn(ref, { status: 'busy' }));
    expect(await line.status('ann')).toBe('online');
    await line.store.people.claimOwn(ref, { status: 'busy' });
    expect(await line.story()).toEqual(['online connect', 'busy claim', 'busy claim']);
    const [first, second] = await line.claimsTold();
    expect(second?.stamp).toBeGreaterThan(first?.stamp ?? Number.NaN);
    await expectConsistent(line.redis, line.keys);
  });
});

const GONE = {
  tenant: TENANT,
  count: 0,
  activeAgo: 0,
  idle: false,
  openedAgo: 0,
  closedAgo: -1,
  graceMs: GRACE,
  devices: ['web'],
  iat: 0,
} as const;
