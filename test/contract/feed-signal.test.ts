import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Signal, TypingSignal } from '../../src/events/feed.ts';
import { memoryFeed } from '../support/memory-feed.ts';
import { isOneServer } from '../support/topologies/chosen-topology.ts';
import { until } from '../support/until.ts';
import { online, RealFeed } from './feed-rig.ts';
import { useRedis } from './use-redis.ts';

const typing = (more: Partial<TypingSignal> = {}): TypingSignal => ({
  type: 'typing',
  tenant: 'acme',
  from: 'ann',
  to: { user: 'bob' },
  on: true,
  groups: ['g1'],
  ...more,
});

describe('signals over Redis', () => {
  const redis = useRedis();
  let here: RealFeed;
  let there: RealFeed;
  beforeEach(async () => {
    here = await RealFeed.start(redis.url());
    there = await RealFeed.start(redis.url(), { prefix: here.prefix });
  });
  afterEach(async () => {
    await there?.feed.stop();
    await here?.stop();
  });

  const hear = (rig: RealFeed): Signal[] => {
    const heard: Signal[] = [];
    rig.feed.subscribe({ signal: (signal) => heard.push(signal) });
    return heard;
  };

  it('reach every node, the sending one too, whichever partition carries them', async () => {
    const heard = [hear(here), hear(there)];
    const sent = [
      ...Array.from({ length: 20 }, (_, i) => typing({ to: { user: `user${i}` } })),
      typing({ to: { group: 'g1' }, on: false, groups: [] }),
    ];
    for (const signal of sent) await here.feed.signal(signal);
    for (const each of heard) {
      await until(() => each.length === sent.length, { what: 'every signal' });
      expect(each).toEqual(expect.arrayContaining(sent));
    }
  });

  it('cost one publish, and nothing is kept of them', async () => {
    const heard = hear(there);
    const keys = () => here.redis.keys(`${here.prefix}:*`);
    const kept = (await keys()).sort();
    const before = await here.calls();
    await here.feed.signal(typing());
    await until(() => heard.length === 1, { what: 'the signal' });
    expect(await here.calls()).toEqual({ ...before, SPUBLISH: 1 });
    expect((await keys()).sort()).toEqual(kept);
  });

  it('leave the order of the log alone, and one that cannot be read is dropped', async () => {
    const heard = hear(here);
    const [one = '', two = ''] = here.users(2);
    await here.write([one]);
    await here.redis.spublish(here.first.events, '{"type":"typing"}');
    await here.redis.spublish(here.first.events, '{broken');
    await here.feed.signal(typing({ to: { user: one } }));
    await here.write([two]);
    await until(() => here.seen.length === 2 && heard.length === 1, { what: 'both entries and the signal' });
    expect(here.seen).toEqual(online([one, two]));
    expect(await here.gapsRepaired()).toBe(0);
    expect(here.warnings).toEqual(Array(2).fill('dropped a signal that cannot be read'));
  });

  it.skipIf(!isOneServer)('fail as unavailable when Redis is away', async () => {
    here.proxies.commands.cut();
    await until(
      () =>
        here.feed.signal(typing()).then(
          () => false,
          () => true,
        ),
      { what: 'a signal that fails' },
    );
    await expect(here.feed.signal(typing())).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('signals beside the memory store', () => {
  it('are delivered at once', async () => {
    const feed = memoryFeed();
    const heard: Signal[] = [];
    const leave = feed.subscribe({ signal: (signal) => heard.push(signal) });
    const sent = feed.signal(typing());
    expect(heard).toEqual([typing()]);
    await sent;
    leave();
    await feed.signal(typing());
    expect(heard).toHaveLength(1);
  });
});
