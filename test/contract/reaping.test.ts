import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_BATCH } from '../../src/store/port/reports.ts';
import { MACHINE } from '../support/own-time.ts';
import { entryOf } from '../support/raw-store.ts';
import { HookedLink } from './hooked-link.ts';
import { GRACE, INTERVAL, START, TENANT, Timeline } from './timeline.ts';
import { useRedis } from './use-redis.ts';

/** `a.0` dies, `b.0` lives and looks after the partition. */
describe('a reaper', () => {
  const server = useRedis();
  let line: Timeline;
  let link: HookedLink;
  beforeEach(async () => {
    link = new HookedLink(server.url());
    line = await Timeline.running(server.url(), ['a.0', 'b.0'], { link });
  });
  afterEach(() => line.stop());

  /** "no reaper that trusts what it read in an earlier call": it may have seen no heartbeat where there is one by now. */
  it('clears nobody whose node beats, whatever it peeked at', async () => {
    await line.opens('a.0', 'ann');
    // The peek was before the heartbeat, the deed comes after it.
    link.onCommand = async (name) => (name === 'PTTL' ? -2 : undefined);
    link.ran.length = 0;
    expect(await line.reap()).toEqual({ fenced: 0, users: 0 });
    expect(link.ran).toContain('reap');
    expect(await line.opens('a.0', 'ann')).toMatchObject({ result: 'ok' });
    expect(await line.story()).toEqual(['online connect']);
  });

  it('clears nobody of a node that comes back between its look at the list and its deed', async () => {
    await line.opens('a.0', 'ann');
    await line.dies('a.0');
    link.onCommand = async (name) => {
      if (name === 'HRANDFIELD') await line.beat('a.0');
      return undefined;
    };
    expect(await line.reap()).toEqual({ fenced: 0, users: 0 });
    expect(await line.part('ann', 'a.0')).toBeDefined();
  });

  it('clears only whom the list still names when it acts', async () => {
    await line.opens('a.0', 'ann');
    await line.dies('a.0');
    link.onCommand = async (name, args) => {
      if (name !== 'HRANDFIELD') return undefined;
      // The node's last batch, sent while its lease held, takes ann back before the reaper acts.
      link.onCommand = async () => undefined;
      const held = await line.redis.call(name, ...args);
      await line.tell('a.0', entryOf('ann', { count: 0 }));
      await line.opens('b.0', 'ann');
      return held as string[];
    };
    expect(await line.reap()).toEqual({ fenced: 1, users: 0 });
    await line.pass(GRACE, 'b.0');
    await line.sweep();
    expect(await line.status('ann')).toBe('online');
  });

  it('may be several at once: everybody is cleared once', async () => {
    const crowd = Array.from({ length: 50 }, (_, i) => `u${i}`);
    await line.tell('a.0', ...crowd.map((user) => entryOf(user, { activeAgo: 0 })));
    await line.pass(INTERVAL + GRACE, 'b.0');
    await line.dies('a.0');
    const replies = await Promise.all([line.reap(), line.reap(), line.reap()]);
    expect(replies.reduce((sum, { users }) => sum + users, 0)).toBe(crowd.length);
    expect(replies.reduce((sum, { fenced }) => sum + fenced, 0)).toBe(1);
    expect((await line.story()).filter((each) => each === 'offline node_lost')).toHaveLength(crowd.length);
  });

  it('works through a list of any length, and then takes the node off', async () => {
    const crowd = Array.from({ length: MAX_BATCH + 100 }, (_, i) => entryOf(`u${i}`, { activeAgo: 0 }));
    await line.tell('a.0', ...crowd.slice(0, MAX_BATCH));
    await line.tell('a.0', ...crowd.slice(MAX_BATCH));
    await line.dies('a.0');
    expect(await line.reap()).toEqual({ fenced: 1, users: crowd.length });
    expect(await line.redis.smembers(line.keys.nodes)).toEqual(['b.0']);
    expect(
      await line.redis.exists(line.keys.node('a.0'), line.keys.nodeMeta('a.0'), line.keys.seq('a.0')),
    ).toBe(0);
    expect(await line.store.leases.held(0, 'a.0')).toEqual([]);
  });

  it('takes a node off that never held anybody, and leaves nothing of it', async () => {
    expect((await line.redis.smembers(line.keys.nodes)).sort()).toEqual(['a.0', 'b.0']);
    await line.dies('a.0');
    expect(await line.reap()).toEqual({ fenced: 1, users: 0 });
    expect(await line.redis.smembers(line.keys.nodes)).toEqual(['b.0']);
    expect(await line.redis.exists(line.keys.nodeMeta('a.0'))).toBe(0);
  });

  it('leaves a living node alone that holds nobody any more, with its sequence number', async () => {
    await line.opens('a.0', 'ann');
    await line.tell('a.0', entryOf('ann', { count: 0 }));
    expect(await line.reap()).toEqual({ fenced: 0, users: 0 });
    expect(await line.redis.get(line.keys.seq('a.0'))).toBe('2');
    expect(await line.opens('a.0', 'ann')).toMatchObject({ result: 'ok' });
  });

  /** It can have died as late as just before its next heartbeat: the grace runs from there, however late it is found. */
  it.each([
    ['as soon as its lease ends', INTERVAL / 2, INTERVAL / 2],
    ['much later', 3 * INTERVAL, INTERVAL],
  ])(
    'counts the grace from one interval after the last heartbeat when it finds the node %s',
    async (_, after, from) => {
      await line.opens('a.0', 'ann');
      await line.beat('a.0');
      const lastBeat = await line.now();
      await line.pass(after, 'b.0');
      await line.dies('a.0');
      expect(await line.reap()).toEqual({ fenced: 1, users: 1 });
      if (from + GRACE > after) {
        expect(await line.graceFrom('ann')).toBe(lastBeat + from);
        expect(await line.story()).toEqual(['online connect']);
        await line.pass(from + GRACE - after, 'b.0');
        await line.sweep();
      }
      expect(await line.story()).toEqual(['online connect', 'offline node_lost']);
      // Whoever was active when the node was last heard of, was so until then.
      expect((await line.view('ann')).lastSeen).toBe(START + lastBeat);
    },
  );

  it('shows no change of users who are connected elsewhere too', async () => {
    await line.opens('a.0', 'ann');
    await line.opens('b.0', 'ann');
    await line.pass(2 * INTERVAL, 'b.0');
    await line.dies('a.0');
    expect(await line.reap()).toEqual({ fenced: 1, users: 1 });
    await line.pass(2 * GRACE, 'b.0');
    await line.sweep();
    expect(await line.story()).toEqual(['online connect']);
    expect(await line.part('ann', 'a.0')).toBeUndefined();
  });
});

describe('a fence', () => {
  const server = useRedis();
  let line: Timeline;
  beforeEach(async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
  });
  afterEach(() => line.stop());

  const condemned = async (node: string): Promise<void> => {
    await line.dies(node);
    await line.reap();
  };

  it('keeps out whatever a condemned epoch still had under way, and its heartbeats bring nothing back', async () => {
    await line.opens('a.0', 'ann');
    await condemned('a.0');
    expect(await line.opens('a.0', 'bob')).toEqual({ result: 'fenced' });
    expect(await line.beat('a.0')).toMatchObject({ fenced: true, lost: false });
    expect(await line.redis.exists(line.keys.beat('a.0'), line.keys.nodeMeta('a.0'))).toBe(0);
    expect(await line.status('bob')).toBe('offline');
  });

  it('lets the next epoch in, while the one before is reaped to its end', async () => {
    await line.opens('a.0', 'ann');
    await condemned('a.0');
    expect(await line.beat('a.1')).toMatchObject({ fenced: false, lost: false });
    expect(await line.opens('a.1', 'ann')).toMatchObject({ result: 'ok' });
    expect(await line.story()).toEqual(['online connect']);
  });

  it('is the highest epoch that was condemned: reaping an older one later does not lower it', async () => {
    await line.opens('a.0', 'ann');
    await line.beat('a.1');
    await line.opens('a.1', 'bob');
    await line.dies('a.0');
    await line.dies('a.1');
    // The newer epoch is found first.
    await line.redis.srem(line.keys.nodes, 'a.0');
    await line.reap();
    await line.redis.sadd(line.keys.nodes, 'a.0');
    expect(await line.reap()).toEqual({ fenced: 0, users: 1 });
    expect(await line.opens('a.1', 'cid')).toEqual({ result: 'fenced' });
    expect(await line.opens('a.0', 'cid')).toEqual({ result: 'fenced' });
  });

  it('concerns one id: the epochs of others are theirs', async () => {
    await condemned('a.0');
    expect(await line.opens('b.0', 'ann')).toMatchObject({ result: 'ok' });
  });
});

/** One heartbeat key in every partition: one lost link must not condemn a node everywhere. */
describe('a lease', () => {
  const server = useRedis();

  it('runs out by itself, in real time, and every heartbeat renews it', async () => {
    const line = await Timeline.running(server.url(), ['a.0', 'b.0'], { heartbeatTtlMs: 300 });
    const [a, b] = [line.keys.beat('a.0'), line.keys.beat('b.0')];
    await line.opens('a.0', 'ann');
    await line.redis.pexpire(b, 100);
    await line.beat('b.0');
    expect(await line.redis.pttl(b)).toBeGreaterThan(150);
    await expect.poll(() => line.redis.exists(a)).toBe(0);
    await line.beat('b.0');
    expect(await line.reap()).toEqual({ fenced: 1, users: 1 });
    expect(await line.redis.exists(b)).toBe(1);
    await line.stop();
  });

  it('that ends in one partition condemns the node there alone', async () => {
    const line = await Timeline.open(server.url(), { partitions: 4 });
    const users = [0, 1, 2, 3].map((p) =>
      Array.from({ length: 99 }, (_, i) => `u${i}`).find(
        (user) => line.store.partitionOf({ tenant: TENANT, user }) === p,
      ),
    ) as string[];
    const gens: string[] = [];
    for (const [p, { meta }] of line.raw.keys.partitions.entries()) {
      for (let turn = 0; turn < 2; turn += 1) {
        for (const node of ['a.0', 'b.0']) {
          gens[p] = (await line.store.leases.beat(p, { node, seen: 0, acked: 0, lagMs: 0 })).gen;
        }
        await line.redis.hincrby(meta, MACHINE, INTERVAL * 1000);
      }
      const entries = [entryOf(users[p] ?? '', { activeAgo: 0 })];
      await line.store.reports.apply(p, {
        node: 'a.0',
        gen: gens[p] ?? '',
        seen: 0,
        base: 0,
        seq: 1,
        entries,
      });
    }
    await line.redis.del(line.raw.keys.partitions[2]?.beat('a.0') ?? '');
    const reaped = await Promise.all([0, 1, 2, 3].map((p) => line.store.upkeep.reap(p)));
    expect(reaped.map(({ fenced }) => fenced)).toEqual([0, 0, 1, 0]);
    const replies = await Promise.all(
      [0, 1, 2, 3].map((p) =>
        line.store.reports.apply(p, {
          node: 'a.0',
          gen: gens[p] ?? '',
          seen: 0,
          base: 1,
          seq: 2,
          entries: [entryOf(users[p] ?? '')],
        }),
      ),
    );
    expect(replies.map(({ result }) => result)).toEqual(['ok', 'ok', 'fenced', 'ok']);
    await line.stop();
  });
});
