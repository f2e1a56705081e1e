import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { expectRisingVersions, statuses } from '../support/history.ts';
import { bound, SLACK_MS, TIMINGS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';

describe('dead nodes are cleared: kill -9 of a node', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 3 });
  });
  afterAll(() => cluster?.stop());

  it('clears its connections and tells everybody within B; users connected elsewhere show no change', async () => {
    const watcher = await cluster.watcher('watcher', { node: 0 });
    const other = await cluster.watcher('watcher', { node: 2 });
    const alone = Array.from({ length: 20 }, (_, i) => `alone-${i}`);
    const people = [...alone, 'both', 'mover'];
    await watcher.watch({ users: people });
    await other.watch({ tenant: true });
    for (const user of people) await cluster.connect(user, { node: 1 });
    await cluster.connect('both', { node: 2 });
    for (const user of people) {
      await watcher.sees(user, 'online');
      await other.sees(user, 'online');
    }

    const killedAt = performance.now();
    await cluster.node(1).kill();
    // Its client does what every client does: it comes back on another node.
    await cluster.connect('mover', { node: 2 });
    for (const user of alone) {
      await watcher.sees(user, 'offline', bound() + SLACK_MS);
      await other.sees(user, 'offline', bound() + SLACK_MS);
    }
    const tookMs = performance.now() - killedAt;
    expect(tookMs).toBeLessThan(bound() + SLACK_MS);
    // The grace of a crash is a grace too: it runs from the moment at which the node can have died.
    const first = Math.min(
      ...watcher.received
        .filter(({ frame }) => frame.type === 'presence' && frame.users.some((p) => p.status === 'offline'))
        .filter(({ at }) => at > killedAt)
        .map(({ at }) => at),
    );
    expect(first - killedAt).toBeGreaterThan(TIMINGS.offlineGraceMs - 100);

    await holds(
      () => statuses(watcher, 'both').length === 1 && statuses(watcher, 'mover').length === 1,
      bound(),
      'no transition of people who are still here',
    );
    for (const user of alone) {
      expect(statuses(watcher, user)).toEqual(['online', 'offline']);
      expect(statuses(other, user)).toEqual(['online', 'offline']);
    }
    expect(statuses(watcher, 'both')).toEqual(['online']);
    expect(statuses(other, 'mover')).toEqual(['online']);
    expectRisingVersions(watcher);
    expectRisingVersions(other);

    // Nothing of the dead node is left: a user of it is counted once on coming back, and can go again.
    const back = await cluster.connect('alone-0', { node: 2 });
    await watcher.sees('alone-0', 'online');
    await back.bye();
    await watcher.sees('alone-0', 'offline');
  });

  it('also when it is the node that would have noticed: the last one standing clears both', async () => {
    const watcher = await cluster.watcher('survivor', { node: 0 });
    await watcher.watch({ users: ['yan', 'zoe'] });
    await cluster.addNode();
    await cluster.connect('yan', { node: 2 });
    await cluster.connect('zoe', { node: 3 });
    await watcher.sees('yan', 'online');
    await watcher.sees('zoe', 'online');
    await Promise.all([cluster.node(2).kill(), cluster.node(3).kill()]);
    await watcher.sees('yan', 'offline', bound() + SLACK_MS);
    await watcher.sees('zoe', 'offline', bound() + SLACK_MS);
    // Here is who is connected to the last node: this watcher, and the one of the test before.
    await until(async () => (await cluster.http('/v1/presence/count')).json.online === 2, {
      timeoutMs: bound() + SLACK_MS,
      what: 'the count of those who are left',
    });
  });
});
