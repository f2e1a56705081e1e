import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OwnClaim } from '../../src/domain/model.ts';
import { MACHINE } from '../support/own-time.ts';
import { describeBothStores, ref as refOf } from './both-stores.ts';
import { START, TENANT, Timeline } from './timeline.ts';
import { useRedis } from './use-redis.ts';

/** "The person's own claim, or its clearing, is one value with a stamp of the hybrid clock; the greater stamp wins." */
describe("a person's own claim", () => {
  const server = useRedis();
  const ref = { tenant: TENANT, user: 'ann' };
  let line: Timeline;
  let first: OwnClaim;
  beforeEach(async () => {
    line = await Timeline.running(server.url(), ['a.0', 'b.0']);
    await line.opens('a.0', 'ann');
    await line.opens('b.0', 'ann');
    first = { status: 'busy', text: 'first', stamp: await line.clock() };
    await line.opens('a.0', 'ann', { claim: first });
    await line.pass(1000, 'a.0', 'b.0');
  });
  afterEach(() => line.stop());
  const stored = async () => (await line.self('ann')).claim;

  it('is stored as it was stamped, and a batch that repeats it changes nothing', async () => {
    expect(await stored()).toEqual(first);
    await line.opens('a.0', 'ann', { claim: first });
    await line.opens('b.0', 'ann', { claim: first });
    expect(await line.story()).toEqual(['online connect', 'busy claim']);
  });

  it.each([
    ['another claim', { status: 'away' }],
    ['its clearing', { status: null }],
  ] as const)('that is older does not undo %s, however late it comes', async (_, request) => {
    await line.store.people.claimOwn(ref, request);
    const newer = await stored();
    for (const node of ['a.0', 'b.0']) {
      const reply = await line.opens(node, 'ann', { claim: first });
      // The node learns what it should assert from now on.
      expect(reply.result === 'ok' && reply.selves.get(0)?.claim).toEqual(newer);
    }
    expect(await stored()).toEqual(newer);
    expect(await line.story()).toHaveLength(3);
  });

  /** "Set over HTTP it also goes out as a command, so every node that holds the user re-asserts the same." */
  it('that was set over HTTP survives a loss, because every node was told', async () => {
    await line.store.people.claimOwn(ref, { status: 'away', text: 'lunch' });
    const told = (await line.claimsTold()).at(-1) as OwnClaim;
    expect(told).toEqual(await stored());
    const known = await line.view('ann');
    await line.raw.loseEverything();
    await line.redis.hset(line.keys.meta, MACHINE, START * 1000 + 1e12);
    await line.beat('a.0');
    await line.beat('b.0');
    await line.opens('b.0', 'ann', { claim: told, known, openedAgo: 5000 });
    // The other node's batch was under way with what it knew before the command.
    await line.opens('a.0', 'ann', { claim: first, known, openedAgo: 5000 });
    expect(await line.log()).toEqual([]);
    expect(await line.self('ann').catch(() => undefined)).toBeUndefined();
    await line.pass(60_000, 'a.0', 'b.0');
    expect(await line.self('ann')).toMatchObject({
      claim: told,
      view: { status: 'away', text: 'lunch', ver: known.ver },
    });
  });

  it('goes out with `k=c`, beside the transition, also when there is none', async () => {
    await line.store.people.claimOwn(ref, { status: 'busy', text: 'first' });
    const entries = await line.redis.xrange(line.keys.log, '-', '+');
    const [kind, json] = ['k', 'e'].map((name) => {
      const fields = entries.at(-1)?.[1] ?? [];
      return fields[fields.indexOf(name) + 1];
    });
    expect(kind).toBe('c');
    expect(JSON.parse(json ?? '')).toEqual({ type: 'claim', ...ref, claim: await stored() });
    expect(await line.story()).toHaveLength(2);
  });

  it('stamped ahead of the clock counts from now: no node can own the future', async () => {
    await line.opens('a.0', 'ann', { claim: { status: 'away', stamp: (await line.clock()) + 1e9 } });
    expect((await stored())?.stamp).toBeLessThanOrEqual(await line.clock());
    await line.pass(1, 'a.0', 'b.0');
    await line.store.people.claimOwn(ref, { status: null });
    expect(await line.status('ann')).toBe('online');
  });

  it('set twice in one moment is the later one', async () => {
    const both = await Promise.all([
      line.store.people.claimOwn(ref, { status: 'away' }),
      line.store.people.claimOwn(ref, { status: 'busy', text: 'second' }),
    ]);
    const stamps = both.map(({ claim }) => claim?.stamp ?? 0);
    expect(new Set(stamps).size).toBe(2);
    expect((await stored())?.stamp).toBe(Math.max(...stamps));
  });
});

/** Two nodes may stamp two claims alike; each repeats its own with every batch, which must not go back and forth. */
describeBothStores((both) => {
  it("a person's own claim of two of one stamp is the one that came first", async () => {
    const stamp = both.store.partitions;
    await both.opens('n1.0', 'ann', { claim: { status: 'busy', text: 'first', stamp } });
    for (let round = 0; round < 2; round += 1) {
      await both.opens('n2.0', 'ann', { claim: { status: 'away', text: 'second', stamp } });
      await both.opens('n1.0', 'ann', { claim: { status: 'busy', text: 'first', stamp } });
    }
    expect((await both.store.views.readSelf(refOf('ann'))).claim).toMatchObject({
      status: 'busy',
      text: 'first',
    });
    expect(await both.story()).toEqual(['ann busy connect']);
  });
});
