import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EPOCH, type FrozenStore, frozenMemory, frozenRedis, POLICY } from '../support/frozen-stores.ts';
import { ref, Subject, TENANT } from './both-stores.ts';
import { useRedis } from './use-redis.ts';

const BURST = 3;
const EVERY = 2000;
const policy = { ...POLICY, idleAwayMs: 0, idleOfflineMs: 0, damping: { burst: BURST, intervalMs: EVERY } };

/** One person who flips as fast as they can, over any number of nodes, costs every watcher and the log no more than this. */
describe.each(['memory', 'redis'] as const)('damping in the %s store', (kind) => {
  const server = useRedis();
  let serial = 0;
  const both = new Subject();
  let at = 0;
  beforeEach(async () => {
    at = 0;
    const open = (): Promise<FrozenStore> =>
      kind === 'memory'
        ? frozenMemory(policy)
        : frozenRedis(server.url(), `damping-${process.pid}-${serial++}`, policy);
    both.open(await open());
  });
  afterEach(() => both.frozen.stop());
  const pass = async (ms: number): Promise<void> => {
    at += ms;
    await both.frozen.setTime(at);
  };
  const says = (status: 'busy' | 'away' | 'online' | null, text?: string) =>
    both.store.people.claimOwn(ref('ann'), { status, ...(text !== undefined && { text }) });
  const story = async () => (await both.story()).map((line) => line.slice('ann '.length));
  const since = (ms: number) => EPOCH + ms;

  it('shows a burst at once, then one for each interval, and loses the newest state never', async () => {
    await both.opens('a.0', 'ann');
    for (let i = 0; i < 100; i += 1) {
      await pass(50);
      const { claim } = await says(i % 2 === 0 ? 'busy' : 'away');
      // One's own word is stored at once.
      expect(claim?.status).toBe(i % 2 === 0 ? 'busy' : 'away');
      await both.sweepAll();
      if (i === BURST - 1)
        expect((await both.store.views.explain(ref('ann'))).waitsUntil).toBeGreaterThan(since(at));
    }
    expect((await story()).length).toBeLessThanOrEqual(BURST + Math.floor(at / EVERY));
    await pass(EVERY);
    await both.sweepAll();
    expect((await both.view('ann')).status).toBe('away');
    expect((await story()).length).toBeLessThanOrEqual(BURST + Math.floor(at / EVERY));
  });

  it('holds over nodes and connections that come and go', async () => {
    for (let i = 0; i < 60; i += 1) {
      await pass(100);
      await both.opens(`n${i % 3}.0`, 'ann', { count: 1 });
      await both.opens(`n${i % 3}.0`, 'ann', { count: 0, openedAgo: 1 });
      await both.sweepAll();
    }
    // Of a goodbye nobody waits: it may be one more.
    expect((await story()).length).toBeLessThanOrEqual(BURST + Math.floor(at / EVERY) + 1);
    expect((await both.view('ann')).status).toBe('offline');
  });

  it.each([
    ['a goodbye', () => both.opens('a.0', 'ann', { count: 0, openedAgo: 1 }), 'offline goodbye'],
    ['hiding', () => both.store.people.claimOwn(ref('ann'), { status: 'invisible' }), 'offline goodbye'],
    ['a logout', () => both.store.endings.end(ref('ann'), 'logout'), 'offline goodbye'],
    ['a disconnect', () => both.store.endings.end(ref('ann'), 'disconnect'), 'offline revoked'],
    ['a revocation', () => both.store.endings.revoke(ref('ann')), 'offline revoked'],
  ] as const)('never holds %s back, and what follows it waits', async (_, leaves, told) => {
    await both.opens('a.0', 'ann');
    for (const status of ['busy', 'away', 'busy'] as const) await says(status);
    expect((await both.view('ann')).status).toBe('away');
    await pass(100);
    await leaves();
    expect((await story()).at(-1)).toBe(told);
    const gone = await both.view('ann');
    await says(null);
    await both.opens('b.0', 'ann', { iat: EPOCH / 1000 + 60, openedAgo: 0 });
    await pass(EVERY - 100);
    await both.opens('b.0', 'ann', { iat: EPOCH / 1000 + 60, openedAgo: 0 });
    await both.sweepAll();
    // Others see them as they left, byte for byte.
    expect(await both.view('ann')).toEqual(gone);
    await pass(2 * EVERY);
    await both.sweepAll();
    expect((await both.view('ann')).status).toBe('online');
    expect((await story()).at(-1)).toBe('online connect');
  });

  it('keeps what time ended until it may be shown, with its reason', async () => {
    await both.opens('a.0', 'ann');
    for (const text of ['1', '2']) await says('busy', text);
    await both.store.people.claim(ref('ann'), 'call', { status: 'away', priority: 200, until: since(500) });
    await pass(1000);
    await both.sweepAll();
    expect((await both.view('ann')).text).toBe('2');
    await both.opens('a.0', 'ann', { count: 0, openedAgo: 1000, closedAgo: 0 });
    await pass(1500);
    await both.sweepAll();
    expect((await story()).at(-1)).toBe('offline disconnect');
  });

  it('costs whoever is calm no byte', async () => {
    if (kind === 'memory') return;
    await both.opens('a.0', 'ann');
    const redis = both.frozen as Awaited<ReturnType<typeof frozenRedis>>;
    const row = () =>
      redis.redis.strlen(
        redis.keys.partitions[both.store.partitionOf(ref('ann'))]?.user({ tenant: TENANT, user: 'ann' }) ??
          '',
      );
    const calm = await row();
    await says('busy');
    await says(null);
    const own = await row();
    await pass(BURST * EVERY + 1);
    await both.sweepAll();
    expect(await row()).toBeLessThan(own);
    await both.opens('a.0', 'bob');
    await pass(60_000);
    await both.sweepAll();
    expect(calm).toBe(36 + 21 + 'a.0'.length);
  });
});
