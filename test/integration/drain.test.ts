import { afterEach, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { expectRisingVersions, statuses } from '../support/history.ts';
import { SLACK_MS, TIMINGS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';

describe('leaving in good order', () => {
  let cluster: Cluster;
  afterEach(() => cluster?.stop());

  it('SIGTERM: reconnect, 1012, exit 0; who comes back elsewhere was never offline', async () => {
    cluster = await Cluster.start({ nodes: 2 });
    const names = Array.from({ length: 20 }, (_, i) => `user-${i}`);
    const watcher = await cluster.watcher('watcher', { node: 1 });
    await watcher.watch({ users: [...names, 'stays-away'] });
    const clients = await Promise.all(names.map((name) => cluster.connect(name)));
    const staysAway = await cluster.connect('stays-away');
    for (const name of [...names, 'stays-away']) await watcher.sees(name, 'online');

    const node = cluster.node(0);
    const from = performance.now();
    node.drain();
    const back = clients.map(async (client, i) => {
      const { afterMs } = await client.until(() => client.first('reconnect'), { what: 'reconnect' });
      expect(afterMs).toBeGreaterThanOrEqual(0);
      expect(await client.end()).toBe(1012);
      return cluster.connect(names[i] ?? '', { node: 1 });
    });
    await until(async () => (await node.readyStatus().catch(() => 503)) === 503, { what: 'not ready' });
    await Promise.all(back);
    expect(await staysAway.end()).toBe(1012);
    expect(await node.exited()).toBe(0);
    expect(performance.now() - from).toBeLessThan(TIMINGS.drainWindowMs + TIMINGS.drainGraceMs + 2_000);

    // The grace of a drain is longer than the usual one, and ends like it.
    await watcher.sees('stays-away', 'offline', TIMINGS.drainGraceMs + 2 * TIMINGS.reapIntervalMs + SLACK_MS);
    expect(performance.now() - from).toBeGreaterThan(TIMINGS.drainGraceMs - 100);
    await holds(() => names.every((name) => statuses(watcher, name).length === 1), 500, 'no transition');
    for (const name of names) expect(statuses(watcher, name), name).toEqual(['online']);
    expectRisingVersions(watcher);
  });

  it('a node without anybody exits at once', async () => {
    cluster = await Cluster.start({ nodes: 1 });
    const from = performance.now();
    expect(await cluster.node().terminate()).toBe(0);
    expect(performance.now() - from).toBeLessThan(3_000);
  });

  it('restarts are unseen: every node restarted one after another under load, nobody with a live client goes offline', async () => {
    cluster = await Cluster.start({ nodes: 2 });
    const names = Array.from({ length: 25 }, (_, i) => `rolling-${i}`);
    let running = true;
    const watchers: Client[] = [];

    /** What every good client does: on any close it comes back, on whichever node takes it. */
    const keepAlive = async (name: string, start: number): Promise<void> => {
      for (let attempt = start; running && attempt < start + 200; attempt++) {
        const open = cluster.nodes.filter((node) => node.running);
        const node = cluster.nodes.indexOf(open[attempt % open.length] ?? cluster.node(0));
        try {
          const client = await cluster.connect(name, { node });
          await client.until(() => client.over || !running, { timeoutMs: 60_000 });
        } catch {
          // Refused by a node that is leaving or gone: the next attempt goes to another one.
          await holds(() => true, 50);
        }
      }
    };
    const watch = async (node: number): Promise<void> => {
      const watcher = await cluster.watcher(`watcher-${node}`, { node });
      await watcher.watch({ users: names });
      watchers.push(watcher);
    };
    await watch(0);
    await watch(1);
    const living = names.map((name, i) => keepAlive(name, i));
    const [first] = watchers;
    for (const name of names) await first?.sees(name, 'online');

    for (const old of [0, 1]) {
      const fresh = await cluster.addNode();
      await watch(cluster.nodes.indexOf(fresh));
      expect(await cluster.node(old).terminate()).toBe(0);
    }
    const last = watchers.at(-1) as Client;
    await holds(() => true, TIMINGS.drainGraceMs + 800, 'the longest grace');
    running = false;
    // Wakes those who wait on their connection.
    cluster.disconnectAll();
    await Promise.all(living);
    for (const watcher of watchers) {
      for (const name of names) {
        const seen = watcher.history(name).map((p) => p.status);
        expect(seen.lastIndexOf('offline'), name).toBeLessThan(1);
      }
    }
    expect(last.history(names[0] ?? '').every((p) => p.status === 'online')).toBe(true);
  });
});
