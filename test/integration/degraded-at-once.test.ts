import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import type { NodeProcess } from '../support/node-process.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { isOneServer } from '../support/topologies/chosen-topology.ts';
import { until } from '../support/until.ts';

const HEARTBEAT_MS = 4_000;
/** Well before the next heartbeat, which would find out as well. */
const AT_ONCE_MS = 2_000;

/** With one partition and a long heartbeat nothing but the link itself tells of it in time. */
describe.skipIf(!isOneServer)('a node is degraded', () => {
  let cluster: Cluster;
  let node: NodeProcess;
  let proxy: TcpProxy;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 0 });
    ({ node, proxy } = await cluster.addProxiedNode({
      PARTITIONS: '1',
      HEARTBEAT_INTERVAL_MS: `${HEARTBEAT_MS}`,
      HEARTBEAT_TTL_MS: `${3 * HEARTBEAT_MS}`,
    }));
  }, 30_000);
  afterAll(() => cluster?.stop());

  it('at once when the link breaks, and no more when it is back', async () => {
    const client = await cluster.connect('anna');
    // Just after a heartbeat, so that the next one is far.
    await until(async () => (await node.metric('rollcall_heartbeat_age_seconds')) < 0.5, { everyMs: 50 });
    const from = performance.now();
    proxy.cut();
    await client.until(() => client.of('degraded').at(-1)?.on === true, { what: 'degraded' });
    expect(performance.now() - from).toBeLessThan(AT_ONCE_MS);
    const back = performance.now();
    proxy.heal();
    await client.until(() => client.of('degraded').at(-1)?.on === false, { what: 'the end of degraded' });
    expect(performance.now() - back).toBeLessThan(AT_ONCE_MS);
  });
});
