import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster, type HttpAnswer } from '../support/cluster.ts';
import { EventClient } from '../support/event-client.ts';
import { until } from '../support/until.ts';

const SCOPE = 'read write admin events watch watch:tenant';
const OPERATOR = { sub: 'operator', tenant: '*', scope: 'admin' };
const LIMIT = 2;

describe('a service of all tenants', () => {
  let cluster: Cluster;
  const streams: EventClient[] = [];
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2, env: { MAX_CONNECTIONS_PER_USER: String(LIMIT) } });
  });
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.close();
    cluster.disconnectAll();
  });
  afterAll(() => cluster?.stop());

  const serviceToken = (sub: string): Promise<string> => cluster.token({ sub, tenant: '*', scope: SCOPE });
  const watching = (sub: string, token: string, node = 0): Promise<Client> =>
    cluster.connect(sub, { token, node, path: '/v1/ws?tenant=acme' });
  const user = (sub: string, scope = 'connect watch', node = 0): Promise<Client> =>
    cluster.connect(sub, { node, claims: { tenant: 'acme', groups: ['g'], scope } });
  const reads = async (token: string, node: number): Promise<number> =>
    (await cluster.http('/v1/presence/count?tenant=acme', { token, node })).status;
  const post = (path: string, claims: Parameters<Cluster['token']>[0] = OPERATOR): Promise<HttpAnswer> =>
    cluster.http(path, { claims: typeof claims === 'string' ? { sub: claims } : claims, method: 'POST' });
  /** What was said to it before is there, and it is still open. */
  const isOpen = async (client: Client): Promise<boolean> => {
    const pongs = client.of('pong').length;
    client.send({ type: 'ping' });
    await client.until(() => client.closed !== undefined || client.of('pong').length > pongs);
    return client.closed === undefined;
  };

  it('is revoked by another one with `?tenant=*`: calls, sockets and streams on every node, within a second', async () => {
    const token = await serviceToken('crm');
    const other = await serviceToken('erp');
    const sockets = [await watching('crm', token), await watching('crm', token, 1)];
    const bystander = await watching('erp', other);
    const stream = await EventClient.open(`${cluster.node(1).httpUrl}/v1/events?tenant=acme`, { token });
    streams.push(stream);
    const namesake = await user('crm');
    expect([await reads(token, 0), await reads(token, 1)]).toEqual([200, 200]);

    expect((await post('/v1/users/crm/revoke?tenant=*')).status).toBe(204);
    expect(await Promise.all(sockets.map((client) => client.end(1000)))).toEqual([4403, 4403]);
    await until(() => stream.ended, { timeoutMs: 1000, what: 'the end of the stream' });
    for (const node of [0, 1]) {
      await until(async () => (await reads(token, node)) === 401, { timeoutMs: 1000, what: 'the refusal' });
    }
    expect([await isOpen(bystander), await isOpen(namesake)]).toEqual([true, true]);
    expect(await reads(other, 1)).toBe(200);
    // A node that was not there when it happened.
    await cluster.addNode();
    expect(await reads(token, 2)).toBe(401);
  });

  it('is not revoked by whoever is not of all tenants, and by no other tenant’s name', async () => {
    const token = await serviceToken('hr');
    const socket = await watching('hr', token);
    const ofOne = { sub: 'operator', tenant: 'acme', scope: 'admin' };
    expect((await post('/v1/users/hr/revoke?tenant=*', ofOne)).status).toBe(403);
    // Of the user of that name in one tenant: the service is somebody else.
    expect((await post('/v1/users/hr/revoke?tenant=acme')).status).toBe(204);
    expect(await isOpen(socket)).toBe(true);
    expect([await reads(token, 0), await reads(token, 1)]).toEqual([200, 200]);
  });

  it.each(['logout', 'disconnect'])(
    'is named with `?tenant=*` in `revoke` alone, not in `%s`',
    async (how) => {
      const claims = { ...OPERATOR, scope: SCOPE };
      const answer = await post(`/v1/users/crm/${how}?tenant=*`, claims);
      expect(answer.status).toBe(400);
      expect(answer.json).toMatchObject({ code: 'invalid' });
      expect((await cluster.http('/v1/presence/users/crm?tenant=*', { claims })).status).toBe(400);
    },
  );

  it('is nobody in the tenant it watches: what befalls its namesake there is nothing to it', async () => {
    const token = await serviceToken('ops');
    const service = await watching('ops', token);
    const stream = await EventClient.open(`${cluster.node().httpUrl}/v1/events?tenant=acme`, { token });
    streams.push(stream);
    const operator = { sub: 'operator', tenant: 'acme', scope: 'admin' };
    // The revocation last: its namesake could not sign in again at once.
    for (const end of ['logout', 'disconnect', 'forget', 'revoke'] as const) {
      const namesake = await user('ops');
      if (end === 'logout') await post('/v1/users/ops/logout', { sub: 'ops', tenant: 'acme' });
      else if (end === 'forget') {
        await cluster.http('/v1/presence/users/ops', { claims: operator, method: 'DELETE' });
      } else await post(`/v1/users/ops/${end}`, operator);
      expect(await namesake.end()).toBe(end === 'logout' ? 1000 : 4403);
      expect(await isOpen(service), end).toBe(true);
    }
    expect(stream.ended).toBeUndefined();
    expect(await reads(token, 0)).toBe(200);
  });

  it('keeps its place however many sockets its namesake opens, and takes none of theirs', async () => {
    const token = await serviceToken('board');
    const service = await watching('board', token);
    const watchers: Client[] = [];
    for (let i = 0; i < LIMIT; i += 1) watchers.push(await user('board', 'watch'));
    expect(await isOpen(service)).toBe(true);
    for (const client of watchers) expect(await isOpen(client)).toBe(true);
    watchers.push(await user('board', 'watch'));
    expect(await watchers[0]?.end()).toBe(4409);
    expect(await isOpen(service)).toBe(true);
  });

  it('hears no typing that is for its namesake, nor for the groups that its token names', async () => {
    const token = await cluster.token({ sub: 'bot', tenant: '*', scope: SCOPE, groups: ['g'] });
    const service = await watching('bot', token);
    const namesake = await user('bot');
    const ann = await user('ann');
    ann.send({ type: 'typing', to: { user: 'bot' }, on: true });
    ann.send({ type: 'typing', to: { group: 'g' }, on: true });
    await namesake.until(() => namesake.of('typing').length === 2);
    expect(await isOpen(service)).toBe(true);
    expect(service.of('typing')).toEqual([]);
  });
});
