import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { changes, expectRisingVersions, statuses } from '../support/history.ts';
import { bound, SLACK_MS, TIMINGS } from '../support/timings.ts';
import { holds } from '../support/until.ts';

describe('one online, one offline: the first connection and the end of the last one', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  it('counts ten tabs over two nodes as one presence', async () => {
    const here = await cluster.connect('watcher', { node: 0 });
    const there = await cluster.connect('watcher', { node: 1 });
    expect(await here.watch({ users: ['ann'] })).toEqual([{ user: 'ann', status: 'offline', ver: 0 }]);
    await there.watch({ users: ['ann'] });

    const tabs = await Promise.all(
      Array.from({ length: 10 }, (_, i) => cluster.connect('ann', { node: i % 2 })),
    );
    await Promise.all([here.sees('ann', 'online'), there.sees('ann', 'online')]);
    // Not the last: whichever node they are on, and whether they close properly or just vanish.
    for (const [i, tab] of tabs.slice(0, 9).entries()) {
      if (i % 2 === 0) tab.close();
      else tab.terminate();
    }
    await holds(
      () => here.last('ann')?.status === 'online' && there.last('ann')?.status === 'online',
      bound() + 500,
      'online with one tab left',
    );

    const closedAt = performance.now();
    tabs[9]?.close();
    await Promise.all([here.sees('ann', 'offline'), there.sees('ann', 'offline')]);
    const took = performance.now() - closedAt;
    expect(took).toBeGreaterThan(TIMINGS.offlineGraceMs - 50);
    expect(took).toBeLessThan(TIMINGS.offlineGraceMs + 2 * TIMINGS.reapIntervalMs + SLACK_MS);
    await holds(() => statuses(here, 'ann').length === 2, 500, 'exactly two transitions');

    expect(statuses(here, 'ann')).toEqual(['online', 'offline']);
    expect(changes(there, 'ann')).toEqual(changes(here, 'ann'));
    expectRisingVersions(here);
    expectRisingVersions(there);
  });

  it('counts tabs that close all at once as one offline', async () => {
    const watcher = await cluster.watcher('watcher', { node: 1 });
    await watcher.watch({ users: ['bob'] });
    const tabs = await Promise.all(
      Array.from({ length: 10 }, (_, i) => cluster.connect('bob', { node: i % 2 })),
    );
    await watcher.sees('bob', 'online');
    for (const tab of tabs) tab.terminate();
    await watcher.sees('bob', 'offline');
    await holds(() => statuses(watcher, 'bob').length === 2, 600, 'exactly two transitions');
    expect(statuses(watcher, 'bob')).toEqual(['online', 'offline']);
  });

  it('tells when the status began and when the person was last there', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['cleo'] });
    const before = Date.now();
    const tab = await cluster.connect('cleo', { node: 1, device: 'mobile', claims: { name: 'Cleo C.' } });
    const online = await watcher.sees('cleo', 'online');
    expect(online).toMatchObject({ name: 'Cleo C.', devices: ['mobile'] });
    expect(online.lastSeen).toBeUndefined();
    expect(Math.abs(Date.parse(online.since ?? '') - before)).toBeLessThan(2_000);
    tab.close();
    const offline = await watcher.sees('cleo', 'offline');
    expect(offline.devices ?? []).toEqual([]);
    expect(offline.lastSeen).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(offline.since ?? '')).toBeGreaterThan(Date.parse(online.since ?? ''));
  });
});
