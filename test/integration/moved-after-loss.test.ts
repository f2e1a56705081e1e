import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { healBound, SLACK_MS } from '../support/timings.ts';
import { until } from '../support/until.ts';

/**
 * Redis loses its data, the only node that holds somebody cannot be reached, and they move to another node within the
 * grace. That one never held them, but somebody there was shown what they are.
 */
describe.skipIf(!hasRedisBinary)('who moves to another node just after a loss', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  let proxy: TcpProxy;
  beforeAll(async () => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({ nodes: 1, redis });
    ({ proxy } = await cluster.addProxiedNode());
  });
  afterAll(() => cluster?.stop());

  it('is shown as before, without a transition, by what the new node was shown of them', async () => {
    const watcher = await cluster.connect('watcher', { node: 0 });
    await watcher.watch({ users: ['moves'] });
    const before = await cluster.connect('moves', { node: 1 });
    const shown = await watcher.sees('moves', 'online');

    proxy.stall('both');
    await redis.call('FLUSHALL');
    before.terminate();
    await cluster.connect('moves', { node: 0 });
    // From here on nobody but the new connection's node can tell what they were shown as.
    await watcher.ask({ type: 'unwatch', users: ['moves'] });

    const read = await until(
      async () => {
        const answer = await cluster.http('/v1/presence/users/moves', { node: 0 });
        return answer.status === 200 ? answer.json : undefined;
      },
      { timeoutMs: healBound() + SLACK_MS },
    );
    expect(read).toMatchObject({ status: 'online', ver: shown.ver, since: shown.since });
  });
});
