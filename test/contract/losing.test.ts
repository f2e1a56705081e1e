import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { View } from '../../src/domain/model.ts';
import { MACHINE } from '../support/own-time.ts';
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

/** Redis came back with nothing, a second later. */
const everythingIsLost = async (): Promise<void> => {
  const machine = await line.machine();
  await line.raw.loseEverything();
  await line.redis.hset(line.keys.meta, MACHINE, machine + 1_000_000);
};

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
    await everythingIsLost();
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
    await everythingIsLost();
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
      await everythingIsLost();
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
    await everythingIsLost();
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
    await everythingIsLost();
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
    const stored = await line.view('ann');
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
    await everythingIsLost();
    await heals('a.0');
    await line.pass(GRACE, 'a.0');
    await line.opens('a.0', 'ann', { known, claim, openedAgo: 9000 });
    await line.pass(TTL, 'a.0');
    expect([await line.story(), await line.view('ann')]).toEqual([[], known]);
  });
});

describe('the hybrid clock', () => {
  /** The clock of Redis is 74 years behind the one the partition has told: as after a failover to a slower machine. */
  it('makes versions and log ids rise although the clock of Redis went back', async () => {
    const vers: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      await line.opens('a.0', 'ann', { idle: turn % 2 === 1 });
      vers.push((await line.view('ann')).ver);
      await line.store.people.claimOwn(
        { tenant: 'acme', user: 'bob' },
        { status: turn % 2 ? 'busy' : 'invisible' },
      );
      await line.opens('b.0', 'bob');
      await line.opens('b.0', `new-${turn}`, { openedAgo: 1000 });
      await line.closes('b.0', `new-${turn}`, { closedAgo: GRACE });
      await line.sweep();
    }
    expect(vers).toEqual([...new Set(vers)].sort((a, b) => a - b));
    const log = await line.log();
    const ids = log.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(Math.min(...ids)).toBeGreaterThan(START * 1000);
    for (const entry of log) if (entry.kind === 'transition') expect(entry.transition.ver).toBe(entry.id);
    expect(await line.meta('last')).toBe(String(ids.at(-1)));
  });

  it.each(['beat', 'apply'] as const)(
    'is raised by what a node has seen before %s decides anything',
    async (call) => {
      const seen = (await line.clock()) + 5_000_000;
      const { gen = '' } = line.memory('a.0');
      if (call === 'beat')
        expect((await line.store.leases.beat(0, { node: 'new.0', seen, acked: 0, lagMs: 0 })).clock).toBe(
          seen,
        );
      const batch = { node: 'a.0', gen, seen: call === 'apply' ? seen : 0, base: 0, seq: 1 };
      const reply = await line.store.reports.apply(0, {
        ...batch,
        entries: [entryOf('ann', { activeAgo: 0 })],
      });
      expect(reply).toMatchObject({ result: 'ok', clock: seen + 1 });
      expect((await line.view('ann')).ver).toBe(seen + 1);
    },
  );

  /** `cjson` and `tostring` keep 14 digits of the 16. */
  it('is written with all its digits wherever it goes', async () => {
    const clock = 4_102_444_899_345_677;
    const subscriber = line.redis.duplicate();
    const messages: string[] = [];
    subscriber.on('smessage', (_: string, message: string) => messages.push(message));
    await subscriber.ssubscribe(line.keys.events);
    await line.redis.hset(line.keys.meta, MACHINE, clock);
    const until = 9_007_199_254_740;
    const claim = { status: 'busy', stamp: clock - 5, until } as const;
    const reply = await line.opens('a.0', 'ann', { claim, openedAgo: 3 });
    expect(reply).toMatchObject({ clock: clock + 1 });
    expect(reply.result === 'ok' && reply.selves.get(0)).toMatchObject({
      view: { ver: clock + 1, until },
      claim: { stamp: clock - 5, until },
    });
    expect(await line.self('ann')).toMatchObject({
      view: { ver: clock + 1, until },
      claim: { stamp: clock - 5 },
    });
    expect(await line.row('ann')).toMatchObject({
      status: 'busy',
      ver: clock + 1,
      nodes: [{ openedAt: Math.floor(clock / 1000) - 3, activeAt: Math.floor(clock / 1000) }],
    });
    expect(await line.transitions()).toMatchObject([{ ver: clock + 1, until }]);
    const { claim: told } = await line.store.people.claimOwn(
      { tenant: 'acme', user: 'ann' },
      { status: 'away', until },
    );
    expect(told?.stamp).toBe(clock + 1);
    expect(await line.claimsTold()).toEqual([{ status: 'away', stamp: clock + 1, until }]);
    expect(await line.beat('a.0')).toMatchObject({ clock: clock + 3, last: clock + 3 });
    await expect.poll(() => messages.length).toBe(2);
    expect(messages[0]).toContain(`\n${clock + 1}\n${clock + 1}t`);
    expect(messages[1]).toContain(`\n${clock + 1}\n${clock + 3}\n${clock + 2}t`);
    subscriber.disconnect();
  });
});

describe('revocations', () => {
  const ann = { tenant: 'acme', user: 'ann' };
  const knownTo = async (): Promise<number> => (await line.store.endings.revocations())[0]?.at ?? 0;

  it.each([
    ['everything is lost', everythingIsLost],
    [
      'the keys of revocations and users are',
      async () => {
        await line.redis.del(line.keys.revoked, line.keys.user(ann), line.keys.due);
      },
    ],
    [
      'the list of them is',
      async () => {
        await line.redis.del(line.keys.revoked);
      },
    ],
    [
      'their users’ rows are',
      async () => {
        await line.redis.del(line.keys.user(ann));
      },
    ],
  ])('are whole again after they were told once more when %s', async (_, happens) => {
    await line.store.endings.revoke(ann);
    const at = await knownTo();
    expect(at).toBeGreaterThan(0);
    await happens();
    await line.beat('a.0');
    // While the partition is still being gathered.
    for (let nodes = 0; nodes < 2; nodes += 1) await line.store.endings.refuse(0, [{ ...ann, at }]);
    await line.pass(TTL, 'a.0', 'b.0');
    expect(await line.redis.zrange(line.keys.revoked, '0', '-1', 'WITHSCORES')).toEqual([
      'acme:ann',
      `${at}`,
    ]);
    expect(await knownTo()).toBe(at);
    await expect(line.store.people.touch(ann, { iat: 1 })).rejects.toMatchObject({ code: 'revoked' });
    await line.store.people.touch(ann, { iat: at + 6 });
  });

  it('are not taken where nobody has beaten since: that would look like data that was kept', async () => {
    await line.store.endings.revoke(ann);
    const at = await knownTo();
    await everythingIsLost();
    await expect(line.store.endings.refuse(0, [{ ...ann, at }])).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await line.redis.exists(line.keys.revoked, line.keys.user(ann))).toBe(0);
  });

  it('leave the views of who is there to be restored without a word', async () => {
    const at = Math.floor((START + (await line.now())) / 1000) - 3600;
    await line.opens('a.0', 'ann', { iat: at + 1800 });
    const known = await line.view('ann');
    await everythingIsLost();
    await line.beat('b.0');
    await line.store.endings.refuse(0, [{ ...ann, at }]);
    await line.beat('a.0');
    await line.tell('a.0', entryOf('ann', { iat: at + 1800, activeAgo: 0, known }));
    await line.pass(TTL, 'a.0', 'b.0');
    await line.sweep();
    expect(await line.story()).toEqual([]);
    expect(await line.view('ann')).toMatchObject({ status: 'online', ver: known.ver, since: known.since });
  });
});
