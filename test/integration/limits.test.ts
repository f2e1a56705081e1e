import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { EventClient } from '../support/event-client.ts';
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

  describe('of event streams', () => {
    const streams: EventClient[] = [];
    const read = async (sub: string): Promise<EventClient> => {
      const token = await cluster.token({ sub, scope: 'events' });
      const stream = await EventClient.open(`${cluster.node().httpUrl}/v1/events`, { token });
      streams.push(stream);
      return stream;
    };
    const openStreams = (count: number): Promise<unknown> =>
      until(async () => (await cluster.node().metric('rollcall_event_streams')) === count, {
        what: `${count} open streams`,
        everyMs: 50,
      });
    afterEach(async () => {
      for (const stream of streams.splice(0)) stream.close();
      await openStreams(0);
    });

    it('over MAX_CONNECTIONS_PER_USER the call is refused, and what is open goes on', async () => {
      const three = [await read('crm'), await read('crm'), await read('crm')];
      const refused = await read('crm');
      expect(await refused.problem()).toMatchObject({ status: 429, code: 'rate_limited' });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      // Sockets of the same user and streams of others are none of them.
      await cluster.connect('crm');
      expect((await read('erp')).status).toBe(200);
      for (const stream of three) await stream.sees('crm online');

      three[0]?.close();
      await openStreams(3);
      const back = await read('crm');
      expect(back.status).toBe(200);
      await cluster.connect('ann');
      await back.sees('ann online');
    });

    it('those of one whose tokens are revoked make room, and a new token may read', async () => {
      for (let i = 0; i < 3; i++) expect((await read('spy')).status).toBe(200);
      const admin = { sub: 'ops', scope: 'admin' };
      const answer = await cluster.http('/v1/users/spy/revoke', { method: 'POST', claims: admin });
      expect(answer.status).toBe(204);
      await openStreams(0);
      // The first `iat` that the revocation does not cover; a second from now it is near enough to be believed.
      const token = await cluster.token({ sub: 'spy', scope: 'events' }, { issuedInSeconds: 6 });
      const later = async (): Promise<boolean> => {
        const stream = await EventClient.open(`${cluster.node().httpUrl}/v1/events`, { token });
        streams.push(stream);
        return stream.status === 200;
      };
      await until(later, { what: 'a stream of a new token', timeoutMs: 10_000, everyMs: 200 });
    });

    it('fill the node together with sockets: one more of either is 503', async () => {
      for (const user of ['crm', 'erp']) await read(user);
      for (let i = 0; i < 6; i++) await cluster.connect(`fills-${i}`);
      const refused = await read('late');
      expect(await refused.problem()).toMatchObject({ status: 503, code: 'unavailable' });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      const token = await cluster.token('late');
      expect(await cluster.track(new Client(cluster.node().wsUrl, { token })).end()).toBe(503);

      streams[0]?.close();
      await openStreams(1);
      await cluster.connect('late');
    });
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
