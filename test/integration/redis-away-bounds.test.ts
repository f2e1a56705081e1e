import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import type { NodeProcess } from '../support/node-process.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { healBound, SLACK_MS, TIMINGS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';

const TTL_MS = 4_000;
const USERS = 4;
/** As many frames of one client at once as a limit can allow. */
const BURST = 5_000;
const STORMS = 5;

describe.skipIf(!hasRedisBinary)('Redis may be unreachable: what a node spends while Redis is away', () => {
  let cluster: Cluster;
  let node: NodeProcess;
  let proxy: TcpProxy;
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 0,
      redis: await RedisServer.start(),
      env: { HEARTBEAT_TTL_MS: String(TTL_MS), FRAME_RATE: '10000', FRAME_BURST: '10000' },
    });
    ({ node, proxy } = await cluster.addProxiedNode());
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const isDegraded = (client: Client): boolean => client.of('degraded').at(-1)?.on === true;
  const healed = (client: Client): Promise<unknown> =>
    client.until(() => !isDegraded(client), {
      timeoutMs: healBound({ ...TIMINGS, heartbeatTtlMs: TTL_MS }) + SLACK_MS,
      what: 'the end of degraded',
    });

  it('a hiccup is told to clients, and is no reason to take the node out of the balancer; an outage is', async () => {
    const client = await cluster.connect('ann');
    proxy.stall('both');
    await client.until(() => isDegraded(client), { what: 'degraded' });
    expect(await node.readyStatus()).toBe(200);
    proxy.heal();
    await healed(client);
    expect(await node.readyStatus()).toBe(200);

    proxy.cut();
    await client.until(() => isDegraded(client), { what: 'degraded again' });
    const from = performance.now();
    expect(await node.readyStatus()).toBe(200);
    await until(async () => (await node.readyStatus()) === 503, { timeoutMs: TTL_MS + 5_000 });
    expect(performance.now() - from).toBeGreaterThan(TTL_MS / 2);
    proxy.heal();
    await until(async () => (await node.readyStatus()) === 200, { timeoutMs: 10_000 });
    await holds(async () => (await node.readyStatus()) === 200, 1_000, 'readiness');
  });

  it('few connects to Redis, ever more rarely', async () => {
    const client = await cluster.connect('ann');
    proxy.cut();
    await client.until(() => isDegraded(client), { what: 'degraded' });
    const before = proxy.asked;
    await holds(() => true, 4_000, 'an outage');
    const asked = proxy.asked - before;
    // Two connections, each of them at most about twice a second in the end, and a few more in the first second.
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(36);
    proxy.heal();
    await healed(client);
    // One for commands and one for the channels are enough to come back.
    expect(proxy.asked - before - asked).toBeLessThanOrEqual(6);
  });

  it('memory by users, not by what they do: the dirty list holds each once', async () => {
    const users = Array.from({ length: USERS }, (_, i) => `busy-${i}`);
    const clients = await Promise.all(users.map((user) => cluster.connect(user)));
    proxy.cut();
    for (const client of clients) await client.until(() => isDegraded(client), { what: 'degraded' });
    const storm = async (): Promise<void> => {
      for (let n = 0; n < BURST; n++) {
        for (const client of clients) {
          client.send({ type: 'activity', state: n % 2 === 0 ? 'idle' : 'active' });
          if (n % 250 === 0) client.send({ type: 'status', status: 'busy', text: `n${n}` });
        }
        // Lets what was written leave, so that the memory of this process does not become the test.
        if (n % 500 === 0) await Promise.all(clients.map((one) => one.ask({ type: 'ping' }, 30_000)));
      }
      for (let n = 0; n < 50; n++) (await cluster.connect(users[n % USERS] ?? '')).terminate();
      await Promise.all(clients.map((one) => one.ask({ type: 'ping' }, 30_000)));
    };
    // Once to warm up: what the engine keeps for itself is not what is measured.
    await storm();
    const before = await node.metric('process_resident_memory_bytes');
    for (let i = 0; i < STORMS; i++) await storm();
    const grown = (await node.metric('process_resident_memory_bytes')) - before;
    expect(await node.metric('rollcall_dirty_users')).toBeLessThanOrEqual(USERS);
    // A hundred thousand events, kept one by one, would be more than that.
    expect(grown).toBeLessThan(40 * 2 ** 20);
    for (const client of clients) expect(client.closed).toBeUndefined();

    const own = clients[0] as Client;
    const answered = own.ask({ type: 'status', status: 'away' }, 20_000);
    proxy.heal();
    await answered;
    await healed(own);
    await until(
      async () => {
        const answer = await cluster.http('/v1/presence/batch', { method: 'POST', body: { users } });
        const seen = (answer.json.users as { status: string }[] | undefined)?.map(({ status }) => status);
        return seen?.every((status) => status === 'busy' || status === 'away');
      },
      { timeoutMs: healBound() + 3 * SLACK_MS, what: 'what everybody said last' },
    );
    expect(await node.metric('rollcall_dirty_users')).toBe(0);
  }, 90_000);
});
