import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { expectRisingVersions, statuses } from '../support/history.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { bound, DEFAULTS, healBound, timingEnv } from '../support/timings.ts';
import { holds } from '../support/until.ts';

/** The promises with the numbers users read in the documentation: nothing here is shortened. */
describe.skipIf(!hasRedisBinary)('with the default settings', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  beforeAll(async () => {
    redis = await RedisServer.start();
    const defaults = Object.fromEntries(Object.keys(timingEnv(DEFAULTS)).map((name) => [name, undefined]));
    cluster = await Cluster.start({ nodes: 3, redis, env: { ...defaults, PARTITIONS: undefined } });
  });
  afterAll(() => cluster?.stop());

  it('a crash is cleared within 9 s; lost data is healed within 15 s and nobody who stays notices', async () => {
    expect(bound(DEFAULTS)).toBe(9_000);
    expect(healBound(DEFAULTS)).toBe(15_000);
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['stays', 'crashes', 'refreshes', 'leaves'] });
    await cluster.connect('stays', { node: 1 });
    const page = await cluster.connect('refreshes', { node: 1 });
    const leaves = await cluster.connect('leaves', { node: 1 });
    await cluster.connect('crashes', { node: 2 });
    for (const user of ['stays', 'crashes', 'refreshes', 'leaves']) await watcher.sees(user, 'online', 2_000);

    page.close();
    await page.end();
    await cluster.connect('refreshes', { node: 0 });
    await cluster.node(2).kill();
    await watcher.sees('crashes', 'offline', bound(DEFAULTS));

    await redis.call('FLUSHALL');
    leaves.close();
    await watcher.sees('leaves', 'offline', healBound(DEFAULTS));
    await holds(() => statuses(watcher, 'stays').length === 1, 5_000, 'no transition of who stays');
    expect(statuses(watcher, 'stays')).toEqual(['online']);
    expect(statuses(watcher, 'refreshes')).toEqual(['online']);
    expect(statuses(watcher, 'crashes')).toEqual(['online', 'offline']);
    expectRisingVersions(watcher);
  });
});
