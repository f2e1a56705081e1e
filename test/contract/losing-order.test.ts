import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MACHINE } from '../support/own-time.ts';
import { entryOf } from '../support/raw-store.ts';
import { GRACE, START, Timeline, TTL } from './timeline.ts';
import { useRedis } from './use-redis.ts';

const server = useRedis();
let line: Timeline;
beforeEach(async () => {
  line = await Timeline.running(server.url(), ['a.0', 'b.0']);
});
afterEach(() => line.stop());

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
    ['everything is lost', () => line.everythingIsLost()],
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
    await line.everythingIsLost();
    await expect(line.store.endings.refuse(0, [{ ...ann, at }])).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await line.redis.exists(line.keys.revoked, line.keys.user(ann))).toBe(0);
  });

  it('leave the views of who is there to be restored without a word', async () => {
    const at = Math.floor((START + (await line.now())) / 1000) - 3600;
    await line.opens('a.0', 'ann', { iat: at + 1800 });
    const known = await line.view('ann');
    await line.everythingIsLost();
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
