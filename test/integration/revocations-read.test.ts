import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeys } from '../../src/redis/keys.ts';
import { partitionOf } from '../../src/store/partition.ts';
import { Cluster } from '../support/cluster.ts';
import { EventClient } from '../support/event-client.ts';
import { openObserver } from '../support/observer.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { healBound, SLACK_MS } from '../support/timings.ts';
import { until } from '../support/until.ts';

/** As many as every test node has. */
const PARTITIONS = 8;

/** The log may have been trimmed past a command that a node was cut off from: then only the list tells of it. */
describe('identity is the token’s: a revocation that a node finds in the list and never heard of', () => {
  let cluster: Cluster;
  let proxy: TcpProxy;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 0 });
    ({ proxy } = await cluster.addProxiedNode());
  });
  afterAll(() => cluster?.stop());

  it('ends an event stream', async () => {
    const service = { sub: 'crm', scope: 'events' };
    const url = `${cluster.node().httpUrl}/v1/events`;
    const stream = await EventClient.open(url, { token: await cluster.token(service) });
    const other = await EventClient.open(url, { token: await cluster.token({ ...service, sub: 'erp' }) });
    const observer = openObserver(cluster.redis.url);
    try {
      proxy.cut();
      await until(async () => (await cluster.node().readyStatus()) === 503, {
        what: 'the cut to be noticed',
      });
      const of = createKeys(cluster.prefix, PARTITIONS).partitions[
        partitionOf({ tenant: 'default', user: 'crm' }, PARTITIONS)
      ];
      await observer.zadd(of?.revoked ?? '', Math.ceil(Date.now() / 1000), 'default:crm');
      proxy.heal();
      await until(() => stream.ended !== undefined, {
        timeoutMs: healBound() + SLACK_MS,
        what: 'the end of the stream',
      });
      expect(other.ended).toBeUndefined();
    } finally {
      observer.disconnect();
      stream.close();
      other.close();
    }
  });
});
