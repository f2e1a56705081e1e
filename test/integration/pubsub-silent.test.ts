import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { expectRisingVersions } from '../support/history.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { SLACK_MS, TIMINGS } from '../support/timings.ts';
import { until } from '../support/until.ts';

const FAR = 1;

describe('watchers end with the newest: a pub/sub link that silently stops', () => {
  let cluster: Cluster;
  let proxy: TcpProxy;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 1 });
    ({ proxy } = await cluster.addProxiedNode());
  });
  afterAll(() => cluster?.stop());

  it('the newest state is never later than one heartbeat and a second', async () => {
    const watcher = await cluster.connect('watcher', { node: FAR });
    await watcher.watch({ users: ['ann'] });
    const ann = await cluster.connect('ann', { node: 0 });
    await watcher.sees('ann', 'online');

    const broken = proxy.subscribers;
    expect(broken.length).toBeGreaterThan(0);
    for (const link of broken) link.stall('down');
    const changedAt = performance.now();
    await ann.ask({ type: 'status', status: 'away' });
    await ann.ask({ type: 'status', status: 'busy', text: 'newest' });
    const seen = await watcher.sees('ann', 'busy');
    expect(seen.text).toBe('newest');
    expect(performance.now() - changedAt).toBeLessThan(TIMINGS.heartbeatIntervalMs + 1_000 + SLACK_MS);

    // The link that went dead is replaced, so that the next change is fast again.
    await until(() => proxy.subscribers.some((link) => !broken.includes(link)), {
      what: 'a new subscriber connection',
    });
    await until(
      async () => {
        const from = performance.now();
        const emoji = `${from}`;
        await ann.ask({ type: 'status', status: 'busy', text: emoji });
        await watcher.until(() => watcher.last('ann')?.text === emoji);
        return performance.now() - from < 200;
      },
      { what: 'fast delivery over the new link' },
    );
    expectRisingVersions(watcher);
    expect(watcher.of('error')).toEqual([]);
  });

  it('a subscriber connection that is closed is replaced, and nothing in between is missing', async () => {
    const watcher = await cluster.connect('watcher', { node: FAR });
    await watcher.watch({ users: ['bob'] });
    const bob = await cluster.connect('bob', { node: 0 });
    await watcher.sees('bob', 'online');
    for (const link of proxy.subscribers) link.destroy();
    await bob.ask({ type: 'status', status: 'busy' });
    await watcher.sees('bob', 'busy', TIMINGS.heartbeatIntervalMs + 1_000 + SLACK_MS);
  });
});
