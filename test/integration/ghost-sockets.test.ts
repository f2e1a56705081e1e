import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { bound, SLACK_MS, TIMINGS } from '../support/timings.ts';
import { until } from '../support/until.ts';

const PING_TIMEOUT_MS = 2_000;
const SLEEPY = 1;

/** While a node sleeps nobody tells it that people are gone: to it their sockets are open, until a ping runs out. */
describe('a node that slept while sockets died silently', () => {
  let cluster: Cluster;
  let proxy: TcpProxy;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2, env: { PING_TIMEOUT_MS: `${PING_TIMEOUT_MS}` } });
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: cluster.node(SLEEPY).port });
  });
  afterAll(async () => {
    await cluster?.stop();
    await proxy?.stop();
  });

  it('brings back only those who answer, however often it sleeps', async () => {
    const watcher = await cluster.connect('watcher', { node: 0 });
    await watcher.watch({ users: ['ghost', 'stays'] });
    const stays = await cluster.connect('stays', { node: SLEEPY });
    const url = `ws://127.0.0.1:${proxy.port}`;
    const ghost = cluster.track(await Client.connect(url, { token: await cluster.token('ghost') }));
    for (const user of ['ghost', 'stays']) await watcher.sees(user, 'online');

    for (let slept = 1; slept <= 2; slept += 1) {
      cluster.node(SLEEPY).pause();
      proxy.stall('both');
      for (const user of ['ghost', 'stays']) await watcher.sees(user, 'offline', bound() + SLACK_MS);
      cluster.node(SLEEPY).resume();
      await watcher.sees('stays', 'online', 2 * TIMINGS.heartbeatIntervalMs + SLACK_MS);
    }
    expect(statuses(watcher, 'ghost')).toEqual(['online', 'offline']);
    expect(statuses(watcher, 'stays')).toEqual(['online', 'offline', 'online', 'offline', 'online']);
    await until(async () => (await cluster.node(SLEEPY).metric('rollcall_connections')) === 1, {
      timeoutMs: PING_TIMEOUT_MS + SLACK_MS,
      what: 'the end of the socket that nobody answers on',
    });
    expect(await cluster.node(SLEEPY).metric('rollcall_closes_total', '4408')).toBe(1);
    expect(statuses(watcher, 'ghost')).toEqual(['online', 'offline']);
    expect(stays.closed).toBeUndefined();
    expect(ghost.closed).toBeUndefined();
  });
});
