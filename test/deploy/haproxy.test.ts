import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Client as Connection } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { freePort } from '../support/ports.ts';
import { TIMINGS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';
import { DnsDouble } from './dns-double.ts';
import { CONFIG, HAPROXY, HaproxyProcess } from './haproxy-process.ts';
import { SteadyClient } from './steady-client.ts';

/** As the nodes of a compose project: one name, one port, an address each. */
const ADDRESSES = ['127.0.1.1', '127.0.1.2', '127.0.1.3'];

describe.skipIf(HAPROXY === undefined)('HAProxy in front of the nodes', () => {
  let cluster: Cluster;
  let dns: DnsDouble;
  let haproxy: HaproxyProcess;
  const port = { public: 0, admin: 0 };
  const steady: SteadyClient[] = [];

  const startNode = async (host: string, env: Record<string, string> = {}): Promise<void> => {
    await cluster.addNode(
      {
        HOST: host,
        PORT: String(port.public),
        ADMIN_PORT: String(port.admin),
        TRUST_PROXY: '1',
        // Longer than HAProxy takes to see that a node is leaving.
        DRAIN_DELAY_MS: '2500',
        ...env,
      },
      false,
    );
    // Before its first check HAProxy takes a node that it has just found for well.
    const isReady = async (): Promise<boolean> => (await fetch(`http://${host}:${port.admin}/readyz`)).ok;
    await until(isReady, { timeoutMs: 30_000, what: `readiness of ${host}` });
  };

  beforeEach(async () => {
    port.public = await freePort();
    port.admin = await freePort();
    cluster = await Cluster.start({ nodes: 0 });
    dns = await DnsDouble.start(ADDRESSES);
    haproxy = await HaproxyProcess.start({
      ROLLCALL_NODES: `rollcall.test:${port.public}`,
      ROLLCALL_ADMIN_PORT: String(port.admin),
      ROLLCALL_DNS: dns.at,
    });
  });
  afterEach(async () => {
    for (const client of steady.splice(0)) client.stop();
    await haproxy?.stop();
    await dns?.stop();
    await cluster?.stop();
  });

  const connect = async (user: string): Promise<Client> =>
    cluster.track(
      await Connection.connect(haproxy.wsUrl, {
        token: await cluster.token({ sub: user, scope: 'connect watch watch:tenant' }),
      }),
    );

  it('the configuration is valid as it is, without a word of warning', () => {
    const { status, stdout, stderr } = spawnSync(HAPROXY ?? '', ['-c', '-f', CONFIG], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    expect(stdout + stderr).not.toMatch(/WARNING|ALERT/);
  });

  it('gives the next connection to the node with the fewest, and only to nodes that are ready', async () => {
    for (const host of ADDRESSES.slice(0, 2)) await startNode(host);
    await haproxy.untilUp(ADDRESSES.slice(0, 2));
    for (let i = 0; i < 6; i++) await connect(`early-${i}`);
    expect((await haproxy.servers()).map(({ sessions }) => sessions).sort()).toEqual([0, 3, 3]);

    // The new one catches up instead of getting every third.
    await startNode(ADDRESSES[2] ?? '');
    await haproxy.untilUp(ADDRESSES);
    for (let i = 0; i < 3; i++) await connect(`late-${i}`);
    expect((await haproxy.servers()).map(({ sessions }) => sessions)).toEqual([3, 3, 3]);
    expect(await haproxy.metrics()).toContain('haproxy_backend_active_servers');
  });

  it('follows the names: scaled down without an offline, scaled up with traffic for the new node', async () => {
    for (const host of ADDRESSES) await startNode(host);
    await haproxy.untilUp(ADDRESSES);
    const names = Array.from({ length: 12 }, (_, i) => `user-${i}`);
    // Beside the balancer, on the node that stays: what it sees is one unbroken story.
    const token = await cluster.token({ sub: 'watcher', scope: 'connect watch' });
    const url = `ws://${ADDRESSES[0]}:${port.public}/v1/ws`;
    const watcher = cluster.track(await Connection.connect(url, { token }));
    await watcher.watch({ users: names });
    for (const name of names) steady.push(new SteadyClient(haproxy.wsUrl, await cluster.token(name)));
    for (const name of names) await watcher.sees(name, 'online');

    const gone = ADDRESSES[2] ?? '';
    const connects = (): number => steady.reduce((sum, client) => sum + client.connects, 0);
    const before = connects();
    expect(await cluster.node(2).terminate()).toBe(0);
    dns.addresses = ADDRESSES.slice(0, 2);
    await until(async () => (await haproxy.servers()).every(({ address }) => !address.startsWith(gone)), {
      timeoutMs: 20_000,
      what: 'the name forgotten',
    });
    expect(connects()).toBeGreaterThan(before);
    await holds(() => true, TIMINGS.drainGraceMs + 500, 'the longest grace');
    for (const name of names) expect(statuses(watcher, name), name).toEqual(['online']);

    dns.addresses = ADDRESSES;
    await startNode(gone);
    await haproxy.untilUp(ADDRESSES);
    await connect('newcomer');
    const taken = (await haproxy.servers()).find(({ address }) => address.startsWith(`${gone}:`));
    expect(taken?.sessions).toBe(1);
    for (const client of steady) client.stop();
    await Promise.all(steady.map(({ done }) => done));
  });

  it('lets nothing through to the admin port, and believes no address that a client makes up', async () => {
    await startNode(ADDRESSES[0] ?? '', { HTTP_RATE: '5' });
    await haproxy.untilUp(ADDRESSES.slice(0, 1));
    for (const path of ['/livez', '/readyz', '/metrics']) {
      const { status } = await fetch(haproxy.httpUrl + path);
      expect(status, path).toBe(404);
    }
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        fetch(`${haproxy.httpUrl}/v1/presence/count`, { headers: { 'x-forwarded-for': `198.51.100.${i}` } }),
      ),
    );
    // As one address they are over their limit; as forty nobody would be.
    expect(answers.map(({ status }) => status)).toContain(429);
  });

  it('told to leave, it takes nothing new and breaks nothing that is open', async () => {
    await startNode(ADDRESSES[0] ?? '');
    await haproxy.untilUp(ADDRESSES.slice(0, 1));
    const client = await connect('stays');
    haproxy.leave();
    await until(
      () =>
        fetch(`${haproxy.httpUrl}/docs`).then(
          () => false,
          () => true,
        ),
      { what: 'no new connections' },
    );
    await client.ask({ type: 'watch', users: ['stays'] });
  });
});
