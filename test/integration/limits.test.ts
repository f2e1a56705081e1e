import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { holds, until } from '../support/until.ts';

describe('limits of connections', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 1,
      env: {
        MAX_CONNECTIONS_PER_USER: '3',
        MAX_CONNECTIONS: '8',
        PING_INTERVAL_MS: '400',
        PING_TIMEOUT_MS: '400',
        ALLOWED_ORIGINS: 'https://app.example.com https://other.example.com'.replace(' ', ','),
      },
    });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  it('over MAX_CONNECTIONS_PER_USER the oldest goes with 4409, and the user stays', async () => {
    const tabs: Client[] = [];
    for (let i = 0; i < 4; i++) tabs.push(await cluster.connect('ann'));
    expect(await tabs[0]?.end()).toBe(4409);
    await holds(() => tabs.slice(1).every((tab) => !tab.over), 300, 'the newer tabs');
    expect((await cluster.http('/v1/presence/users/ann')).json.status).toBe('online');
  });

  it('a client that does not answer pings is closed with 4408; one that does is not', async () => {
    const deaf = await cluster.connect('deaf', { autoPong: false });
    const good = await cluster.connect('good');
    expect(good.first('welcome')?.pingIntervalMs).toBe(400);
    expect(await deaf.end(3_000)).toBe(4408);
    await holds(() => !good.over, 1_500, 'the connection that answers');
  });

  it('a node that is full says so: 503 with Retry-After for a header token, else 1013', async () => {
    const users = Array.from({ length: 8 }, (_, i) => `full-${i}`);
    for (const user of users) await cluster.connect(user);
    const token = await cluster.token('one-more');
    const refused = cluster.track(new Client(cluster.node().wsUrl, { token }));
    expect(await refused.end()).toBe(503);
    expect(Number(refused.refused?.headers['retry-after'])).toBeGreaterThan(0);
    const told = cluster.track(new Client(cluster.node().wsUrl, { token, signIn: 'subprotocol' }));
    expect(await told.end()).toBe(1013);
  });

  it('an origin that is not allowed is refused with 403, an allowed one and none at all are not', async () => {
    const token = await cluster.token('olga');
    const from = (origin: string): Client =>
      cluster.track(new Client(cluster.node().wsUrl, { token, headers: { origin } }));
    expect(await from('https://evil.example.com').end()).toBe(403);
    expect(await from('https://app.example.com.evil.net').end()).toBe(403);
    const good = from('https://other.example.com');
    await good.until(() => good.first('welcome'));
    await cluster.connect('olga');
  });
});

describe('UPGRADE_RATE', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 1, env: { UPGRADE_RATE: '10' } });
  });
  afterAll(() => cluster?.stop());

  it('more upgrades a second from one address are turned away as overload, with when to come back', async () => {
    const token = await cluster.token('ann');
    const clients = Array.from({ length: 40 }, () =>
      cluster.track(new Client(cluster.node().wsUrl, { token })),
    );
    await Promise.all(clients.map((client) => client.until(() => client.over || client.first('welcome'))));
    const refused = clients.filter((client) => client.refused !== undefined);
    expect(refused.length).toBeGreaterThanOrEqual(10);
    expect(refused.length).toBeLessThanOrEqual(30);
    for (const client of refused) {
      expect([429, 503]).toContain(client.refused?.status);
      expect(Number(client.refused?.headers['retry-after'])).toBeGreaterThan(0);
    }
  });
});

describe('a node whose event loop is behind', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 1 });
  });
  afterAll(() => cluster?.stop());

  it('takes nobody more until it keeps up again, and loses nobody', async () => {
    const node = cluster.node();
    const here = await cluster.connect('here');
    const token = await cluster.token('comes');
    // What a loop that is held up looks like from outside: requests wait, and are looked at much too late.
    node.pause();
    const refused = cluster.track(new Client(node.wsUrl, { token }));
    const told = cluster.track(new Client(node.wsUrl, { token, signIn: 'subprotocol' }));
    await holds(() => !refused.over && !told.over, 1_800, 'silence');
    node.resume();
    expect(await refused.end()).toBe(503);
    expect(Number(refused.refused?.headers['retry-after'])).toBeGreaterThan(0);
    expect(await told.end()).toBe(1013);
    expect(await node.metric('rollcall_upgrades_total', 'overloaded')).toBe(2);

    // A moment later it does.
    await until(() => cluster.connect('comes'), { timeoutMs: 5_000, everyMs: 100 });
    expect(await here.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  });
});
