import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { bound, healBound, SLACK_MS } from '../support/timings.ts';
import { isOneServer } from '../support/topologies/chosen-topology.ts';
import { until } from '../support/until.ts';

const OPERATOR = { sub: 'operator', scope: 'admin write read' };
const FAR = 2;

describe('what ends everything of a user', () => {
  let cluster: Cluster;
  let proxy: TcpProxy | undefined;
  beforeAll(async () => {
    // A grace so long that nobody could confuse its end with a goodbye.
    cluster = await Cluster.start({ nodes: 2, env: { OFFLINE_GRACE_MS: '3000' } });
    if (isOneServer) ({ proxy } = await cluster.addProxiedNode());
    else await cluster.addNode();
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  /** A user on every node, with a session, and one who watches them. */
  const everywhere = async (user: string): Promise<{ clients: Client[]; watcher: Client }> => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: [user] });
    const clients = await Promise.all([0, 1, FAR].map((node) => cluster.connect(user, { node })));
    clients.push(await cluster.connect(user, { node: 1, claims: { scope: 'watch' } }));
    const path = '/v1/presence/me/sessions/phone';
    const body = { ttlSeconds: 60 };
    expect((await cluster.http(path, { claims: { sub: user }, method: 'PUT', body })).status).toBe(200);
    await watcher.sees(user, 'online');
    return { clients, watcher };
  };
  const post = async (path: string, node = 1, method = 'POST'): Promise<void> => {
    expect((await cluster.http(path, { claims: OPERATOR, method, node })).status).toBe(204);
  };
  const codes = (clients: readonly Client[], timeoutMs?: number): Promise<number[]> =>
    Promise.all(clients.map((client) => client.end(timeoutMs)));

  it('a logout is a goodbye on every node within a second, and who signs in again stays', async () => {
    const { clients, watcher } = await everywhere('ann');
    await post('/v1/users/ann/logout');
    expect(await codes(clients, 1000)).toEqual([1000, 1000, 1000, 1000]);
    await watcher.sees('ann', 'offline', 1000);
    const again = await cluster.connect('ann', { node: 1 });
    await watcher.sees('ann', 'online');
    await until(async () => (await cluster.http('/v1/presence/users/ann')).json.status === 'online');
    expect(again.closed).toBeUndefined();
    expect(statuses(watcher, 'ann')).toEqual(['online', 'offline', 'online']);
  });

  it('who signs in right after a logout is not taken for who was there before', async () => {
    for (let round = 0; round < 5; round += 1) {
      await post('/v1/users/bob/logout', round % 2);
      const bob = await cluster.connect('bob', { node: round % 3 });
      await bob.ask({ type: 'status', status: 'busy' });
      expect(bob.closed).toBeUndefined();
    }
  });

  it('a disconnect closes every socket with 4403, and the same token may come back', async () => {
    const { clients, watcher } = await everywhere('cid');
    await post('/v1/users/cid/disconnect');
    expect(await codes(clients, 1000)).toEqual([4403, 4403, 4403, 4403]);
    await watcher.sees('cid', 'offline', 1000);
    await cluster.connect('cid', { node: 1 });
    await watcher.sees('cid', 'online');
  });

  it('a revocation closes every socket, and no node takes the token in any way', async () => {
    const token = await cluster.token('dan');
    const { clients, watcher } = await everywhere('dan');
    await post('/v1/users/dan/revoke');
    expect(await codes(clients, 1000)).toEqual([4403, 4403, 4403, 4403]);
    await watcher.sees('dan', 'offline', 1000);
    for (const node of [0, 1, FAR]) {
      await until(async () => (await cluster.http('/v1/presence/me', { token, node })).status === 401, {
        timeoutMs: 1000,
      });
      const { wsUrl } = cluster.node(node);
      for (const [signIn, answer] of [
        ['header', 401],
        ['subprotocol', 4403],
        ['frame', 4403],
      ] as const) {
        expect(await cluster.track(new Client(wsUrl, { token, signIn })).end()).toBe(answer);
      }
    }
    const body = { ttlSeconds: 60 };
    const put = await cluster.http('/v1/presence/me/sessions/s', { token, method: 'PUT', body });
    expect(put.status).toBe(401);
    // A token from after it is good: clocks of issuers may be five seconds off, so one is good only then.
    const fresh = await cluster.token('dan', { issuedInSeconds: 2 });
    expect((await cluster.http('/v1/presence/me', { token: fresh })).status).toBe(401);
  });

  it('forgetting closes with 4403 and leaves nothing that a node could bring back', async () => {
    const { clients, watcher } = await everywhere('eve');
    const status = { status: 'busy', text: 'here' };
    await cluster.http('/v1/presence/me/status', { claims: { sub: 'eve' }, method: 'PUT', body: status });
    await watcher.sees('eve', 'busy');
    await post('/v1/presence/users/eve', 1, 'DELETE');
    expect(await codes(clients, 1000)).toEqual([4403, 4403, 4403, 4403]);
    await watcher.until(() => watcher.of('gone').some(({ users }) => users?.includes('eve')), {
      what: 'gone',
      timeoutMs: 1000,
    });
    const [self] = await Promise.all([
      cluster.http('/v1/presence/me', { claims: { sub: 'eve' }, node: FAR }),
      cluster.http('/v1/presence/users/eve'),
    ]);
    expect(self.json).toEqual({ user: 'eve', status: 'offline', ver: 0 });
  });

  it.skipIf(!isOneServer)(
    'a node that was cut off learns on its return what was ended and revoked meanwhile',
    async () => {
      const watcher = await cluster.connect('watcher');
      await watcher.watch({ users: ['fay', 'gus'] });
      const token = await cluster.token('gus');
      const fay = await cluster.connect('fay', { node: FAR });
      const gus = await cluster.connect('gus', { node: FAR, token });
      for (const user of ['fay', 'gus']) await watcher.sees(user, 'online');
      proxy?.cut();
      await fay.until(() => fay.of('degraded').some((frame) => frame.on), { what: 'degraded' });
      await post('/v1/users/fay/logout');
      await post('/v1/users/gus/revoke');
      for (const user of ['fay', 'gus']) await watcher.sees(user, 'offline', 1000);
      expect([fay.closed, gus.closed]).toEqual([undefined, undefined]);
      proxy?.heal();
      expect(await fay.end(healBound() + bound() + SLACK_MS)).toBe(1000);
      expect(await gus.end(healBound() + bound() + SLACK_MS)).toBe(4403);
      expect((await cluster.http('/v1/presence/me', { token, node: FAR })).status).toBe(401);
      for (const user of ['fay', 'gus']) expect(statuses(watcher, user)).toEqual(['online', 'offline']);
    },
  );

  it('a node that starts later knows what was revoked before', async () => {
    const token = await cluster.token('hal');
    await post('/v1/users/hal/revoke');
    const late = await cluster.addNode();
    const client = cluster.track(new Client(late.wsUrl, { token, signIn: 'subprotocol' }));
    expect(await client.end()).toBe(4403);
  });
});
