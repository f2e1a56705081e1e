import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeInfo } from '../../src/store/port/registry.ts';
import { openRawStore } from '../support/raw-store.ts';
import { hasRedisBinary } from '../support/redis-server.ts';
import { GRACE, INTERVAL, TENANT, Timeline } from './timeline.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
let line: Timeline;
const ref = { tenant: TENANT, user: 'ann' };

describe('functions that Redis does not have any more', () => {
  beforeEach(async () => {
    line = await Timeline.running(server.url(), ['a.0']);
    await line.opens('a.0', 'ann');
  });
  afterEach(() => line.stop());

  const CALLS: [string, () => Promise<unknown>][] = [
    ['beat', () => line.beat('a.0')],
    ['apply', () => line.opens('a.0', 'bob')],
    ['read', () => line.status('ann')],
    ['page', () => line.store.views.page(TENANT, 10)],
    ['count', () => line.store.views.count(TENANT)],
    ['claimOwn', () => line.store.people.claimOwn(ref, { status: 'busy' })],
    ['reap', () => line.reap()],
    ['sweep', () => line.sweep()],
  ];

  // A shared Redis keeps its functions: others call them at this moment.
  it.skipIf(!hasRedisBinary).each(CALLS)('are loaded again by %s', async (_, call) => {
    await line.redis.call('FUNCTION', 'FLUSH', 'SYNC');
    await line.redis.script('FLUSH');
    await call();
    await line.pass(1, 'a.0');
    expect(await line.status('ann')).not.toBe('offline');
  });

  it.skipIf(!hasRedisBinary)('are loaded once by all that miss them at the same time', async () => {
    await line.redis.call('FUNCTION', 'FLUSH', 'SYNC');
    await line.redis.call('CONFIG', 'RESETSTAT');
    const stores = await Promise.all(
      [line.store, line.store, line.store].map((store) => store.views.read(TENANT, ['ann'])),
    );
    expect(stores.map(([view]) => view?.status)).toEqual(['online', 'online', 'online']);
    const stats = String(await line.redis.info('commandstats'));
    expect(/cmdstat_function\|load:calls=(\d+)/.exec(stats)?.[1]).toBe('1');
  });

  it.skipIf(!hasRedisBinary)('of another release stay beside ours', async () => {
    const other =
      "#!lua name=rollcall_other\nredis.register_function('rollcall_other_f', function() return 1 end)";
    await line.redis.call('FUNCTION', 'LOAD', 'REPLACE', other);
    await line.opens('a.0', 'bob');
    expect(await line.redis.call('FCALL', 'rollcall_other_f', 0)).toBe(1);
  });
});

describe.skipIf(!hasRedisBinary)('a Redis that is out of memory', () => {
  beforeEach(async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
    await line.opens('a.0', 'ann', { openedAgo: 1000 });
    await line.redis.config('SET', 'maxmemory', '1');
  });
  afterEach(async () => {
    await line.redis.config('SET', 'maxmemory', '0');
    await line.stop();
  });

  /** Nodes must not be condemned for that: the heartbeat is allowed. */
  it('still takes heartbeats, also the first one of a node', async () => {
    for (const node of ['a.0', 'new.0'])
      expect(await line.beat(node)).toMatchObject({ fenced: false, lost: false });
    expect(await line.redis.pttl(line.keys.beat('a.0'))).toBeGreaterThan(0);
    expect(await line.reap()).toEqual({ fenced: 0, users: 0 });
  });

  it('still answers reads', async () => {
    expect(await line.status('ann')).toBe('online');
    expect(await line.store.views.count(TENANT)).toEqual({ online: 1, away: 0, busy: 0 });
    expect((await line.store.views.page(TENANT, 10)).users).toHaveLength(1);
  });

  it('refuses a batch whole: nothing of it is stored, and the next one repairs all', async () => {
    const everything = async () =>
      Promise.all(
        (await line.redis.keys(line.keys.meta.replace(/meta$/, '*')))
          .sort()
          .map((key) => line.redis.dump(key)),
      );
    const before = await everything();
    await expect(line.opens('a.0', 'bob')).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' });
    await expect(line.store.people.claimOwn(ref, { status: 'busy' })).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await everything()).toEqual(before);
    await line.redis.config('SET', 'maxmemory', '0');
    expect(await line.opens('a.0', 'bob')).toMatchObject({ result: 'ok' });
    expect(await line.story()).toEqual(['online connect', 'online connect']);
  });

  it('ends no grace in part', async () => {
    await line.redis.config('SET', 'maxmemory', '0');
    await line.closes('a.0', 'ann');
    await line.pass(GRACE, 'a.0', 'b.0');
    await line.redis.config('SET', 'maxmemory', '1');
    await expect(line.sweep()).rejects.toMatchObject({ code: 'unavailable' });
    expect([await line.status('ann'), await line.story()]).toEqual(['online', ['online connect']]);
  });
});

describe('a Redis that does not answer', () => {
  it('is told as `unavailable`, with its cause', async () => {
    line = await Timeline.running(server.url(), ['a.0']);
    await line.store.stop();
    for (const call of [
      () => line.status('ann'),
      () => line.beat('a.0'),
      () => line.opens('a.0', 'ann'),
      () => line.reap(),
    ]) {
      await expect(call()).rejects.toMatchObject({
        name: 'StoreError',
        code: 'unavailable',
        cause: expect.any(Error),
      });
    }
    await line.stop();
  });
});

describe('the registry', () => {
  const info = (id: string, more: Partial<NodeInfo> = {}): NodeInfo => ({
    id,
    name: `${id}:8080`,
    version: '1.2.3',
    connections: 5,
    users: 4,
    startedAt: 1000,
    heartbeatAgo: 0,
    ...more,
  });
  beforeEach(async () => {
    line = await Timeline.open(server.url());
  });
  afterEach(() => line.stop());
  const prefix = () => line.raw.keys.registry.replace(/:registry$/, '');

  it('lists every node as it last described itself, oneself first', async () => {
    await line.store.registry.register(info('n1'));
    await line.store.registry.register(info('n1', { connections: 9 }));
    const all = await line.store.registry.register(info('n2', { name: 'with "quotes" and spaces' }));
    expect(all[0]).toEqual(info('n2', { name: 'with "quotes" and spaces' }));
    expect(all[1]).toEqual(
      info('n1', { connections: 9, heartbeatAgo: expect.any(Number) as unknown as number }),
    );
    expect(all[1]?.heartbeatAgo).toBeLessThan(5000);
    await line.store.registry.unregister('n2');
    expect((await line.store.registry.register(info('n1'))).map(({ id }) => id)).toEqual(['n1']);
  });

  /** `PARTITIONS` can never change for a deployment: every key would lie elsewhere. */
  it('refuses a node with other PARTITIONS, and takes no notice of it', async () => {
    await line.store.registry.register(info('n1'));
    const other = await openRawStore(server.url(), { partitions: 8 }, prefix());
    await expect(other.store.registry.register(info('n2'))).rejects.toMatchObject({
      code: 'incompatible',
      message: expect.stringMatching(/PARTITIONS is 8 .* 1\b/),
    });
    await other.stop();
    expect((await line.store.registry.register(info('n1'))).map(({ id }) => id)).toEqual(['n1']);
    expect(await line.redis.hget(line.raw.keys.registry, 'partitions')).toBe('1');
  });

  it('refuses a node of another schema', async () => {
    await line.store.registry.register(info('n1'));
    await line.redis.hset(line.raw.keys.registry, 'schema', '99');
    await expect(line.store.registry.register(info('n1'))).rejects.toMatchObject({
      code: 'incompatible',
      message: expect.stringContaining('schema'),
    });
  });

  it('drops who was not heard of for ten leases', async () => {
    await line.stop();
    line = await Timeline.open(server.url(), { heartbeatTtlMs: 10 });
    await line.store.registry.register(info('n1'));
    await expect
      .poll(async () => (await line.store.registry.register(info('n2'))).map(({ id }) => id), {
        interval: 30,
      })
      .toEqual(['n2']);
    expect(await line.redis.hexists(line.raw.keys.registry, 'node:n1')).toBe(0);
  });
});

describe('the stored row of a user', () => {
  /** With as many connections and groups as they may have on a handful of nodes, and as long as they may be. */
  it('keeps everything that people write, and is small for who wrote nothing', async () => {
    const nodes = ['a.0', 'b.0', 'c.0', 'd.0'].map(
      (node) => `${node.slice(0, 1)}${'x'.repeat(20)}${node.slice(1)}`,
    );
    line = await Timeline.running(server.url(), nodes);
    const groups = Array.from({ length: 64 }, (_, i) => `group-${i}-${'y'.repeat(100)}`);
    const claim = {
      status: 'busy',
      text: '🚲'.repeat(140),
      emoji: '👩‍👩‍👧‍👦',
      until: 9_999_999_999_999,
      stamp: 1,
    } as const;
    for (const node of nodes) {
      await line.opens(node, 'ann', {
        count: 50,
        claim,
        groups,
        name: 'z'.repeat(256),
        iat: 9,
        openedAgo: 1000,
      });
      await line.opens(node, 'ann', { count: 49, openedAgo: 1000, closedAgo: 0, activeAgo: 500 });
    }
    const { tenant } = ref;
    const { text, emoji } = claim;
    expect(await line.view('ann')).toMatchObject({ status: 'busy', text, emoji, name: 'z'.repeat(256) });
    expect((await line.row('ann'))?.nodes).toMatchObject(nodes.map((node) => ({ node, count: 49 })));
    await line.pass(INTERVAL, ...nodes);
    await line.opens(nodes[0] ?? '', 'bob', { devices: ['mobile'] });
    expect((await line.transitions()).at(-1)).toMatchObject({ user: 'bob' });
    expect(await line.redis.memory('USAGE', line.keys.user({ tenant, user: 'bob' }))).toBeLessThan(256);
    await line.stop();
  });
});
