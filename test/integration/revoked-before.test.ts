import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster, type HttpAnswer } from '../support/cluster.ts';
import { Transitions } from '../support/transitions.ts';
import { until } from '../support/until.ts';

const OPERATOR = { sub: 'operator', scope: 'admin' };

describe('a revocation of the tokens issued before a moment', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const revoke = (user: string, before: string | number): Promise<HttpAnswer> =>
    cluster.http(`/v1/users/${user}/revoke`, {
      ...{ claims: OPERATOR, method: 'POST', node: 1 },
      body: { before: typeof before === 'number' ? iso(before) : before },
    });
  const iso = (ms: number): string => new Date(ms).toISOString();
  const token = (sub: string, iat: string): Promise<string> => cluster.token(sub, { iat });
  const me = async (bearer: string, node: number): Promise<number> =>
    (await cluster.http('/v1/presence/me', { token: bearer, node })).status;
  const isOpen = async (client: Client): Promise<boolean> => {
    const pongs = client.of('pong').length;
    client.send({ type: 'ping' });
    await client.until(() => client.closed !== undefined || client.of('pong').length > pongs);
    return client.closed === undefined;
  };

  it('lets somebody sign in again at once, on every node, and keeps out what is older', async () => {
    const stolen = await token('ann', iso(Date.now() - 60_000));
    const old = await cluster.connect('ann', { token: stolen });
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['ann'] });
    const heard = await Transitions.listen(cluster.redis.url, cluster.prefix);
    const before = Date.now();
    expect((await revoke('ann', before)).status).toBe(204);
    expect(await old.end(1000)).toBe(4403);
    await watcher.sees('ann', 'offline', 1000);
    await until(() => heard.of('offline').some(({ user }) => user === 'ann'));
    expect(heard.of('offline').map(({ user, reason }) => [user, reason])).toEqual([['ann', 'revoked']]);
    heard.stop();
    for (const node of [0, 1]) {
      await until(async () => (await me(stolen, node)) === 401, { timeoutMs: 1000, what: 'the refusal' });
      const fresh = await token('ann', iso(before));
      expect(await me(fresh, node)).toBe(200);
      expect(await isOpen(await cluster.connect('ann', { token: fresh, node }))).toBe(true);
    }
    await watcher.sees('ann', 'online');
  });

  it('closes nothing of who has signed in with a newer token before it was told', async () => {
    const before = Date.now() - 5_000;
    const old = await cluster.connect('bob', { token: await token('bob', iso(before - 1)) });
    const fresh = await cluster.connect('bob', { token: await token('bob', iso(before)), node: 1 });
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['bob'] });
    expect((await revoke('bob', before)).status).toBe(204);
    expect(await old.end(1000)).toBe(4403);
    expect(await isOpen(fresh)).toBe(true);
    expect(watcher.last('bob')?.status).toBe('online');
  });

  it('takes an `iat` without a fraction for the end of its second', async () => {
    const second = Math.floor(Date.now() / 1000) * 1000 - 10_000;
    const whole = await token('cid', iso(second).replace('.000Z', 'Z'));
    const exact = await token('cid', iso(second));
    expect((await revoke('cid', second + 500)).status).toBe(204);
    await until(async () => (await me(exact, 0)) === 401, { timeoutMs: 1000, what: 'the refusal' });
    expect(await me(whole, 0)).toBe(200);
    expect((await revoke('cid', second + 1000)).status).toBe(204);
    await until(async () => (await me(whole, 0)) === 401, { timeoutMs: 1000, what: 'the refusal' });
  });

  it('ends the sessions without a socket that were kept with an older token, and no other', async () => {
    const before = Date.now();
    const keep = async (id: string, iat: string): Promise<void> => {
      const answer = await cluster.http(`/v1/presence/me/sessions/${id}`, {
        ...{ token: await token('dan', iat), method: 'PUT', body: { ttlSeconds: 60 } },
      });
      expect(answer.status).toBe(200);
    };
    await keep('old', iso(before - 1));
    await keep('new', iso(before));
    expect((await revoke('dan', before)).status).toBe(204);
    const why = await cluster.http('/v1/presence/users/dan/explain', { claims: OPERATOR });
    expect(why.json).toMatchObject({ sessions: [{ id: 'new' }] });
  });

  it('is refused when the moment is none, or more than 5 s ahead', async () => {
    const eve = await cluster.connect('eve');
    for (const before of ['yesterday', '2026-02-30T00:00:00Z', iso(Date.now() + 8_000)]) {
      const answer = await revoke('eve', before);
      expect(answer.status, before).toBe(400);
      expect(answer.json).toMatchObject({ code: 'invalid', detail: expect.stringMatching(/^body\.before /) });
    }
    const unknown = { ...{ claims: OPERATOR, method: 'POST' }, body: { befor: iso(Date.now()) } };
    expect((await cluster.http('/v1/users/eve/revoke', unknown)).status).toBe(400);
    expect(await isOpen(eve)).toBe(true);
    expect((await revoke('eve', Date.now() + 3_000)).status).toBe(204);
    expect(await eve.end(1000)).toBe(4403);
  });
});
