import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Cluster } from '../../../../test/support/cluster.ts';
import { until } from '../../../../test/support/until.ts';
import { Balancer } from '../support/balancer.ts';
import { closeAll, connected } from '../support/clients.ts';

/** The long form has 200. */
const CLIENTS = Number(process.env.CLIENT_HERD ?? 30);
const NODES = 2;

let cluster: Cluster;
let balancer: Balancer;
/** Nodes that a balancer sends connections to. */
let ready: Set<unknown>;

beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: NODES,
    env: { TRANSITION_INTERVAL_MS: '0', OFFLINE_GRACE_MS: '5000', DRAIN_WINDOW_MS: '1000' },
  });
  ready = new Set(cluster.nodes);
  balancer = await Balancer.start(() => cluster.nodes.filter((node) => ready.has(node)));
});
afterEach(closeAll);
afterAll(async () => {
  await balancer?.stop();
  await cluster?.stop();
});

it('a restart of every node makes nobody offline', { timeout: 120_000 }, async () => {
  const people = Array.from({ length: CLIENTS }, (_, i) => `p${i}`);
  const clients = await Promise.all(people.map((user) => connected(cluster, user, { url: balancer.wsUrl })));
  const last = await cluster.addNode();
  const observer = await cluster.watcher('observer', { node: NODES });
  await observer.watch({ tenant: true });
  await until(() => people.every((user) => observer.last(user)?.status === 'online'));
  ready.add(last);
  for (const node of cluster.nodes.slice(0, NODES)) {
    ready.delete(node);
    node.drain();
    await until(() => !node.running, { timeoutMs: 30_000, what: 'the end of a node' });
    await until(() => clients.every(({ connection }) => connection.state === 'connected'), {
      timeoutMs: 20_000,
      what: 'everybody to be back',
    });
  }
  // Somebody who leaves afterwards is seen to: whatever came before them was seen, too.
  clients[0]?.close();
  await observer.sees('p0', 'offline', 20_000);
  for (const user of people.slice(1))
    expect(
      observer.history(user).map(({ status }) => status),
      user,
    ).not.toContain('offline');
});
