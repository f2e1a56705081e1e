import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { holds } from '../support/until.ts';

describe('tenants: nothing crosses', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  it('the same user id in two tenants is two people, for watches of every kind', async () => {
    const red = await cluster.watcher('watcher', { claims: { tenant: 'red' } });
    const blue = await cluster.watcher('watcher', { claims: { tenant: 'blue' }, node: 1 });
    for (const watcher of [red, blue]) {
      await watcher.watch({ users: ['ann'] });
      const everybody = await watcher.watch({ tenant: true });
      expect(everybody.map((p) => p.user)).toEqual(['watcher']);
    }
    const mark = blue.mark;
    const ann = await cluster.connect('ann', { claims: { tenant: 'red', name: 'Red Ann' }, node: 1 });
    await red.sees('ann', 'online');
    await ann.ask({ type: 'status', status: 'busy', text: 'secret of red' });
    await red.sees('ann', 'busy');
    await holds(() => blue.mark === mark, 500, 'silence in the other tenant');
    expect(blue.last('ann')).toEqual({ user: 'ann', status: 'offline', ver: 0 });

    await cluster.connect('ann', { claims: { tenant: 'blue' } });
    await blue.sees('ann', 'online');
    await ann.bye();
    await red.sees('ann', 'offline');
    await holds(() => blue.last('ann')?.status === 'online', 300, 'the other Ann');
  });

  it('tenants and users whose names run together are told apart', async () => {
    const pairs = [
      { tenant: 'a', sub: 'b:c' },
      { tenant: 'a.b', sub: 'c' },
      { tenant: 'a', sub: 'b.c' },
      { tenant: 'a-b', sub: 'c' },
    ];
    const [first, ...rest] = pairs;
    await cluster.connect(first?.sub ?? '', { claims: first ?? {} });
    for (const { tenant, sub } of rest) {
      const answer = await cluster.http(`/v1/presence/users/${encodeURIComponent(sub)}`, {
        claims: { sub: 'reader', tenant, scope: 'read' },
      });
      expect(answer.json, `${tenant} ${sub}`).toMatchObject({ status: 'offline', ver: 0 });
    }
  });

  it('over HTTP: lists, counts and single reads know their own tenant only', async () => {
    await cluster.connect('gil', { claims: { tenant: 'green' } });
    const inGreen = { sub: 'reader', tenant: 'green', scope: 'read' };
    const inGrey = { sub: 'reader', tenant: 'grey', scope: 'read' };
    expect((await cluster.http('/v1/presence/count', { claims: inGreen })).json).toMatchObject({ online: 1 });
    expect((await cluster.http('/v1/presence/count', { claims: inGrey })).json).toMatchObject({ online: 0 });
    expect((await cluster.http('/v1/presence/online', { claims: inGrey })).json.users).toEqual([]);
    expect((await cluster.http('/v1/presence/users/gil', { claims: inGrey })).json).toEqual({
      user: 'gil',
      status: 'offline',
      ver: 0,
    });
  });

  it('only a token of every tenant names one, and then it must', async () => {
    await cluster.connect('pia', { claims: { tenant: 'pink' } });
    const one = { sub: 'reader', tenant: 'grey', scope: 'read' };
    const all = { sub: 'reader', tenant: '*', scope: 'read' };
    const foreign = await cluster.http('/v1/presence/users/pia?tenant=pink', { claims: one });
    expect(foreign.status).toBe(403);
    expect(foreign.json).toMatchObject({ code: 'forbidden' });
    const unnamed = await cluster.http('/v1/presence/users/pia', { claims: all });
    expect(unnamed.status).toBe(400);
    expect(unnamed.json).toMatchObject({ code: 'invalid' });
    const named = await cluster.http('/v1/presence/users/pia?tenant=pink', { claims: all });
    expect(named.json).toMatchObject({ user: 'pia', status: 'online' });
    expect((await cluster.http('/v1/presence/count?tenant=pink', { claims: all })).json).toMatchObject({
      online: 1,
    });
    expect((await cluster.http('/v1/presence/users/pia?tenant=p%20k', { claims: all })).status).toBe(400);
  });
});
