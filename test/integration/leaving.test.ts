import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { bound, SLACK_MS } from '../support/timings.ts';
import { until } from '../support/until.ts';

const DELAY_MS = 1_500;
const WINDOW_MS = 1_500;
/** The promise: this long beyond delay and window. */
const LEAVE_MS = 5_000;
/** Loaded into a node, makes it fail on a signal. */
const FAILING = {
  NODE_OPTIONS: `--import ${fileURLToPath(new URL('../support/fail-on-signal.mjs', import.meta.url))}`,
};

describe.skipIf(!hasRedisBinary)('a node that leaves', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  afterEach(() => cluster?.stop());

  const start = async (nodes: number, env: Record<string, string> = {}): Promise<void> => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({
      nodes,
      redis,
      env: { DRAIN_DELAY_MS: String(DELAY_MS), DRAIN_WINDOW_MS: String(WINDOW_MS), ...env },
    });
  };

  it('is not ready at once, takes sockets for DRAIN_DELAY_MS, then none, and sends its own away over the window', async () => {
    await start(2);
    const node = cluster.node(0);
    const names = Array.from({ length: 40 }, (_, i) => `user-${i}`);
    const clients = await Promise.all(names.map((name) => cluster.connect(name)));
    const from = performance.now();
    node.drain();
    await until(async () => (await node.readyStatus()) === 503, { timeoutMs: 800, what: 'not ready' });

    // The balancer still sends somebody here until it has noticed.
    const last = await cluster.connect('last');
    const isEarly = performance.now() - from < DELAY_MS;
    if (isEarly) expect(last.first('reconnect')).toBeUndefined();

    await Promise.race(clients.map((client) => client.until(() => client.first('reconnect'))));
    expect(performance.now() - from).toBeGreaterThanOrEqual(DELAY_MS - 50);
    const token = await cluster.token('too-late');
    const refused = cluster.track(new Client(node.wsUrl, { token }));
    const told = cluster.track(new Client(node.wsUrl, { token, signIn: 'subprotocol' }));
    expect(await refused.end()).toBe(503);
    expect(Number(refused.refused?.headers['retry-after'])).toBeGreaterThan(0);
    expect(await told.end()).toBe(1012);

    expect(await Promise.all([...clients, last].map((client) => client.end()))).toEqual(
      [...clients, last].map(() => 1012),
    );
    const asked = clients.map((client) => client.of('reconnect'));
    expect(asked.every((frames) => frames.length === 1)).toBe(true);
    const delays = asked.map(([frame]) => frame?.afterMs ?? -1);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(new Set(delays).size, 'delays that differ').toBeGreaterThan(20);
    const at = clients
      .map((client) => client.received.find(({ frame }) => frame.type === 'reconnect')?.at ?? 0)
      .sort((a, b) => a - b);
    expect((at.at(-1) ?? 0) - (at[0] ?? 0), 'spread of the closes').toBeGreaterThan(WINDOW_MS / 2);
    // Not all of them in one go anywhere in between.
    expect((at[30] ?? 0) - (at[10] ?? 0)).toBeGreaterThan(WINDOW_MS / 8);

    expect(await node.exited()).toBe(0);
    expect(performance.now() - from).toBeLessThan(DELAY_MS + WINDOW_MS + LEAVE_MS);
    // All was written, so it has left: no lease has to run out, and nobody takes it for lost.
    const client = new Redis(redis.url);
    const partition = (key: string): string | undefined => /\{.*?\}/.exec(key)?.[0];
    const leases = await client.keys(`${cluster.prefix}:*:beat:*`);
    expect(new Set(leases.map(partition)).size).toBe(leases.length);
    expect(await cluster.node(1).metric('rollcall_reaped_nodes_total')).toBe(0);
    client.disconnect();
  });

  it('exits 0 in time also while Redis hangs and clients neither read nor close; who could not be written is reaped', async () => {
    await start(2);
    const node = cluster.node(0);
    const watcher = await cluster.connect('watcher', { node: 1 });
    await watcher.watch({ users: ['stuck-0'] });
    const stuck = await Promise.all(
      Array.from({ length: 10 }, (_, i) => cluster.connect(`stuck-${i}`, { autoPong: false })),
    );
    await watcher.sees('stuck-0', 'online');
    for (const client of stuck) client.pauseReading();
    redis.pause();
    // An HTTP call that waits for Redis must not keep the process either.
    const waiting = cluster.http('/v1/presence/users/watcher').catch(() => undefined);
    const from = performance.now();
    node.drain();
    expect(await node.exited(DELAY_MS + WINDOW_MS + LEAVE_MS + SLACK_MS)).toBe(0);
    expect(performance.now() - from).toBeLessThan(DELAY_MS + WINDOW_MS + LEAVE_MS);
    await waiting;
    redis.resume();
    await watcher.sees('stuck-0', 'offline', 2 * bound() + 3 * SLACK_MS);
    expect(statuses(watcher, 'stuck-0')).toEqual(['online', 'offline']);
  });

  it('ends at once on a second signal', async () => {
    await start(1, { DRAIN_DELAY_MS: '20000' });
    const client = await cluster.connect('ann');
    cluster.node().drain();
    await until(async () => (await cluster.node().readyStatus()) === 503, { what: 'not ready' });
    const from = performance.now();
    cluster.node().drain();
    expect(await cluster.node().exited(3_000)).toBe(1);
    expect(performance.now() - from).toBeLessThan(2_000);
    expect(await client.end()).toBe(1006);
  });

  it.each([
    ['exception', 'SIGWINCH'],
    ['rejection', 'SIGURG'],
  ] as const)(
    'after an %s that nobody caught leaves as well, whatever follows, and exits 1',
    async (_, signal) => {
      await start(1, { ...FAILING, DRAIN_DELAY_MS: '0' });
      const node = cluster.node();
      const clients = await Promise.all(Array.from({ length: 8 }, (__, i) => cluster.connect(`user-${i}`)));
      process.kill(node.pid, signal);
      await until(async () => (await node.readyStatus()) === 503, { what: 'not ready' });
      // The second error is rarely the last one, and no reason to drop those who are still to be told.
      process.kill(node.pid, signal);
      for (const client of clients) {
        expect(await client.end()).toBe(1012);
        expect(client.first('reconnect')).toBeDefined();
      }
      expect(await node.exited()).toBe(1);
      expect(node.tail()).toContain('planted');
    },
  );
});
