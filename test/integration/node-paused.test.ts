import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { expectRisingVersions, statuses } from '../support/history.ts';
import { bound, SLACK_MS, TIMINGS } from '../support/timings.ts';
import { isOneServer } from '../support/topologies/chosen-topology.ts';
import { holds, until } from '../support/until.ts';

describe('stalled nodes are fenced: a node that was only stalled', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterAll(() => cluster?.stop());

  it('is fenced, rejoins within two heartbeats of waking, and keeps its sockets', async () => {
    const watcher = await cluster.connect('watcher', { node: 0 });
    await watcher.watch({ users: ['stays', 'leaves', 'moves'] });
    const stays = await cluster.connect('stays', { node: 1 });
    const leaves = await cluster.connect('leaves', { node: 1 });
    const moves = await cluster.connect('moves', { node: 1 });
    for (const user of ['stays', 'leaves', 'moves']) await watcher.sees(user, 'online');

    cluster.node(1).pause();
    leaves.terminate();
    moves.terminate();
    const moved = await cluster.connect('moves', { node: 0 });
    await watcher.sees('stays', 'offline', bound() + SLACK_MS);
    await watcher.sees('leaves', 'offline', bound() + SLACK_MS);
    expect(statuses(watcher, 'moves')).toEqual(['online']);
    await moved.bye();
    await watcher.sees('moves', 'offline');

    cluster.node(1).resume();
    await watcher.sees('stays', 'online', 2 * TIMINGS.heartbeatIntervalMs + SLACK_MS);
    expect(stays.closed).toBeUndefined();
    stays.send({ type: 'ping' });
    await stays.until(() => stays.first('pong'), { what: 'a pong on the old socket' });

    // What the node still believed when it slept must not bring back anybody who is gone.
    await holds(
      () =>
        watcher.last('leaves')?.status === 'offline' &&
        watcher.last('moves')?.status === 'offline' &&
        watcher.last('stays')?.status === 'online',
      bound() + 500,
      'the truth',
    );
    expect(statuses(watcher, 'stays')).toEqual(['online', 'offline', 'online']);
    expect(statuses(watcher, 'leaves')).toEqual(['online', 'offline']);
    expect(statuses(watcher, 'moves')).toEqual(['online', 'offline']);
    expect(await cluster.node(1).metric('rollcall_fenced_total')).toBeGreaterThan(0);
    expectRisingVersions(watcher);

    // It counts again: the end of its connection is the end of the user.
    await stays.bye();
    await watcher.sees('stays', 'offline', 1_000);
  });

  it('stalled for less than its time to live, nobody notices', async () => {
    const watcher = await cluster.connect('watcher', { node: 0 });
    await watcher.watch({ users: ['calm'] });
    await cluster.connect('calm', { node: 1 });
    await watcher.sees('calm', 'online');
    cluster.node(1).pause();
    await holds(() => watcher.last('calm')?.status === 'online', TIMINGS.heartbeatIntervalMs, 'online');
    cluster.node(1).resume();
    await until(async () => (await cluster.node(1).readyStatus()) === 200);
    await holds(() => statuses(watcher, 'calm').length === 1, bound(), 'no transition');
  });

  it.skipIf(!isOneServer)(
    'what it had sent before it was fenced, and what arrives after, changes nothing',
    async () => {
      const { node, proxy } = await cluster.addProxiedNode();
      const far = cluster.nodes.indexOf(node);
      const watcher = await cluster.connect('watcher', { node: 0 });
      // So many that the node holds somebody in every partition, and can be fenced in every one.
      const names = Array.from({ length: 40 }, (_, i) => `held-${i}`);
      await watcher.watch({ users: [...names, 'late'] });
      const held = await Promise.all(names.map((name) => cluster.connect(name, { node: far })));
      for (const name of names) await watcher.sees(name, 'online');

      // From now on everything the node writes waits in the network.
      proxy.stall('up');
      const late = cluster.track(new Client(node.wsUrl, { token: await cluster.token('late') }));
      await late.until(() => late.opened);
      // Long enough for the write to be under way, short enough for the node to be sure of its lease still.
      await holds(() => true, TIMINGS.heartbeatIntervalMs / 2);
      late.terminate();
      for (const name of names) await watcher.sees(name, 'offline', bound() + SLACK_MS);
      proxy.heal();

      for (const name of names) {
        await watcher.sees(name, 'online', 2 * TIMINGS.heartbeatIntervalMs + SLACK_MS);
      }
      await holds(() => statuses(watcher, 'late').length === 0, bound(), 'silence about who is gone');
      for (const client of held) expect(client.closed).toBeUndefined();
      expect((await cluster.http('/v1/presence/users/late')).json.status).toBe('offline');
    },
  );
});
