import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../../../../test/support/cluster.ts';
import { hasRedisBinary, RedisServer } from '../../../../test/support/redis-server.ts';
import { TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { until } from '../../../../test/support/until.ts';
import type { RollcallError } from '../../src/index.ts';
import { Balancer } from '../support/balancer.ts';
import { clientOf, closeAll, connected, shown, shows } from '../support/clients.ts';

const QUICK = { retry: { baseMs: 200 }, staleAfterMs: 500 } as const;

describe.skipIf(!hasRedisBinary)('a client beside faults', () => {
  let cluster: Cluster;
  let redis: RedisServer;
  let balancer: Balancer;
  let proxy: TcpProxy;

  beforeAll(async () => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({ redis, env: { TRANSITION_INTERVAL_MS: '0', OFFLINE_GRACE_MS: '3000' } });
    balancer = await Balancer.start(() => cluster.nodes);
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: cluster.node(1).port });
  });
  afterEach(() => {
    closeAll();
    proxy.heal();
  });
  afterAll(async () => {
    await proxy?.stop();
    await balancer?.stop();
    await cluster?.stop();
    await redis?.stop();
  });
  const proxied = (): { url: string } => ({ url: `ws://127.0.0.1:${proxy.port}` });

  it('watches 4,900 people again after a cut, without going over a limit', async () => {
    const people = Array.from({ length: 4_900 }, (_, i) => `${i}`.padStart(36, 'u'));
    const errors: RollcallError[] = [];
    const lost: unknown[] = [];
    const client = await connected(cluster, 'many', {
      ...QUICK,
      ...proxied(),
      log: (_level, message, data) => message === 'lost' && lost.push(data),
    });
    client.on('error', (error) => errors.push(error));
    await client.watch({ users: people }).ready;
    proxy.cut();
    await until(() => shown(client, people[0] ?? '') === 'offline, stale');
    proxy.heal();
    await until(() => people.every((user) => shown(client, user) === 'offline'), {
      timeoutMs: 20_000,
      everyMs: 200,
    });
    expect(errors).toEqual([]);
    expect(lost.every((one) => (one as { code: number }).code === 1006)).toBe(true);
  });

  it('learns that somebody was forgotten while it was away', async () => {
    const bob = await connected(cluster, 'bob', { ...QUICK });
    const client = await connected(cluster, 'ada', { ...QUICK, ...proxied() });
    await client.watch({ users: ['bob'] }).ready;
    await shows(client, 'bob', 'online');
    proxy.cut();
    await until(() => client.connection.state !== 'connected');
    bob.close();
    const { status } = await cluster.http('/v1/presence/users/bob', {
      method: 'DELETE',
      claims: { sub: 'ops', scope: 'admin' },
    });
    expect(status).toBe(204);
    proxy.heal();
    await shows(client, 'bob', 'offline');
    expect(client.view('bob')).toMatchObject({ presence: { ver: 0 } });
  });

  it('signs in by the first frame, also when the connection is cut before the welcome', async () => {
    proxy.stall('down');
    const client = clientOf(cluster, 'frame', { ...QUICK, ...proxied(), auth: 'frame' });
    client.connect();
    await until(() => proxy.links.size > 0);
    proxy.cut();
    await until(() => client.connection.state === 'waiting');
    proxy.heal();
    await until(() => client.connection.state === 'connected', { saw: () => client.connection });
  });

  it('finds by itself that a connection is silent', async () => {
    let wake: (event: 'offline') => void = () => {};
    const client = await connected(cluster, 'silent', {
      ...QUICK,
      ...proxied(),
      platform: {
        monotonic: () => performance.now(),
        wall: () => Date.now(),
        random: () => Math.random(),
        setTimer: (run, ms) => setTimeout(run, ms),
        clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
        listen: (heard) => {
          wake = heard;
          return () => {};
        },
      },
    });
    await client.watch({ users: ['x'] }).ready;
    proxy.stall('both');
    await until(
      () => {
        wake('offline');
        return client.connection.state !== 'connected';
      },
      { timeoutMs: 15_000 },
    );
    proxy.heal();
    await until(() => client.connection.state === 'connected', {
      timeoutMs: 20_000,
      saw: () => client.connection,
    });
  });

  it('moves to another node when its own dies, and nobody sees it leave', async () => {
    const observer = await cluster.watcher('observer', { node: 1 });
    await observer.watch({ tenant: true });
    const people = await Promise.all(
      Array.from({ length: 4 }, (_, i) => connected(cluster, `mover${i}`, { ...QUICK, url: balancer.wsUrl })),
    );
    for (let i = 0; i < people.length; i += 1) await observer.sees(`mover${i}`, 'online');
    await cluster.node(0).kill();
    await until(() => people.some((client) => client.connection.state !== 'connected'));
    await until(() => people.every((client) => client.connection.state === 'connected'), {
      timeoutMs: 20_000,
    });
    // Past the time in which the dead node's connections are cleared and a wrong grace would end.
    const visitor = await cluster.connect('visitor', { node: 1 });
    await until(
      async () => (await cluster.http('/v1/presence/users/mover0', { node: 1 })).json.status === 'online',
    );
    visitor.terminate();
    await observer.sees('visitor', 'offline', 15_000);
    for (let i = 0; i < people.length; i += 1)
      expect(observer.history(`mover${i}`).map(({ status }) => status)).not.toContain('offline');
  });

  it('shows what it knows as stale while Redis is away, and fresh when it is back', async () => {
    const client = await connected(cluster, 'witness', { ...QUICK, url: cluster.node(1).wsUrl });
    await connected(cluster, 'seen', { url: cluster.node(1).wsUrl });
    await client.watch({ users: ['seen'] }).ready;
    await shows(client, 'seen', 'online');
    await redis.kill();
    await shows(client, 'seen', 'online, stale', 20_000);
    expect(client.connection).toMatchObject({ state: 'connected', degraded: true });
    await redis.start();
    await shows(client, 'seen', 'online', 30_000);
    expect(client.connection).toMatchObject({ degraded: false });
  });
});
