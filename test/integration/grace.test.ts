import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { TIMINGS } from '../support/timings.ts';
import { holds } from '../support/until.ts';

/** Longer than any grace that began before it, and the sweep after it. */
const PAST_GRACE_MS = TIMINGS.offlineGraceMs + 4 * TIMINGS.reapIntervalMs + 300;

describe('no flicker: refreshing, roaming and reconnecting within the grace', () => {
  let cluster: Cluster;
  let watcher: Client;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const online = async (user: string): Promise<Client> => {
    watcher = await cluster.connect('watcher', { node: 1 });
    await watcher.watch({ users: [user] });
    const client = await cluster.connect(user);
    await watcher.sees(user, 'online');
    return client;
  };
  const staysQuiet = async (user: string): Promise<void> => {
    await holds(() => statuses(watcher, user).length === 1, PAST_GRACE_MS, 'no transition');
    expect(statuses(watcher, user)).toEqual(['online']);
  };

  it('a refreshed page', async () => {
    let page = await online('ann');
    for (let i = 0; i < 5; i++) {
      page.close();
      await page.end();
      page = await cluster.connect('ann');
    }
    await staysQuiet('ann');
    expect(watcher.last('ann')?.since).toBe(watcher.history('ann').at(1)?.since);
  });

  it('a move to another node, there and back', async () => {
    let phone = await online('bob');
    for (const node of [1, 0, 1]) {
      phone.terminate();
      await phone.end();
      phone = await cluster.connect('bob', { node });
    }
    await staysQuiet('bob');
  });

  it('a second connection that is there before the first one goes', async () => {
    const old = await online('cleo');
    const fresh = await cluster.connect('cleo', { node: 1 });
    old.close();
    await old.end();
    await staysQuiet('cleo');
    fresh.close();
    await watcher.sees('cleo', 'offline');
    expect(statuses(watcher, 'cleo')).toEqual(['online', 'offline']);
  });

  it('a lift ride that ends just before the grace does', async () => {
    const phone = await online('dan');
    phone.terminate();
    const left = performance.now();
    await holds(
      () => watcher.last('dan')?.status === 'online',
      TIMINGS.offlineGraceMs - 350,
      'online in the grace',
    );
    await cluster.connect('dan', { node: 1 });
    expect(performance.now() - left).toBeLessThan(TIMINGS.offlineGraceMs);
    await staysQuiet('dan');
  });

  it('and each later leaving has a grace of its own', async () => {
    const first = await online('eve');
    first.close();
    await watcher.sees('eve', 'offline');
    const second = await cluster.connect('eve', { node: 1 });
    await watcher.sees('eve', 'online');
    second.close();
    await watcher.sees('eve', 'offline');
    expect(statuses(watcher, 'eve')).toEqual(['online', 'offline', 'online', 'offline']);
  });
});
