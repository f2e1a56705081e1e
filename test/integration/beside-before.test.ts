import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { NodeProcess } from '../support/node-process.ts';
import { until } from '../support/until.ts';

/** `dist/main.js` of the release before, built: `scripts/beside.mjs` makes it. */
const BEFORE = process.env.ROLLCALL_BEFORE;
const OPERATOR = { sub: 'ops', scope: 'read admin write' };
const OLD = 1;

/** In a rollout, nodes of both releases share a Redis for some minutes. */
describe.skipIf(BEFORE === undefined)('a node of the release before beside one of this one', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 1, env: { TRANSITION_INTERVAL_MS: '0' } });
    cluster.nodes.push(await NodeProcess.start({ env: cluster.env(), main: BEFORE }));
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const connect = (user: string, node: number, more: Parameters<Cluster['connect']>[1] = {}) =>
    // A frame of another release is none of what this one documents.
    cluster.connect(user, { node, isDocumented: node !== OLD, ...more });
  const watched = async (user: string) => {
    const watchers = [await connect(`w0-${user}`, 0), await connect(`w1-${user}`, OLD)];
    for (const watcher of watchers) await watcher.watch({ users: [user] });
    return {
      see: async (status: 'online' | 'away' | 'busy' | 'offline') => {
        for (const watcher of watchers) await watcher.sees(user, status);
      },
      statuses: () => watchers.map((watcher) => watcher.history(user).map(({ status }) => status)),
    };
  };
  const call = (path: string, method: string, body?: object) =>
    cluster.http(path, { claims: OPERATOR, method, ...(body && { body }) });
  const presence = async (user: string, node = 0) =>
    (await cluster.http(`/v1/presence/users/${user}`, { claims: OPERATOR, node })).json;

  it('shows one coming and one going, wherever somebody is connected', async () => {
    const ann = await watched('ann');
    const [here, there] = [await connect('ann', 0), await connect('ann', OLD)];
    await ann.see('online');
    await here.bye();
    const back = await connect('ann', 0);
    await there.bye();
    expect((await back.ask({ type: 'status', status: 'busy' })).type).toBe('ack');
    await ann.see('busy');
    await back.bye();
    await ann.see('offline');
    expect(ann.statuses()).toEqual([0, 1].map(() => ['offline', 'online', 'busy', 'offline']));
  });

  it('keeps a note, which it does not know, through whatever it decides itself', async () => {
    const note = { text: 'Back on Monday' };
    expect((await call('/v1/presence/users/bob/note', 'PUT', note)).status).toBe(200);
    const bob = await watched('bob');
    const there = await connect('bob', OLD);
    await bob.see('online');
    expect((await there.ask({ type: 'status', status: 'busy' })).type).toBe('ack');
    await bob.see('busy');
    await there.bye();
    await bob.see('offline');
    expect(await presence('bob')).toMatchObject({ status: 'offline', note });
    expect(bob.statuses()).toEqual([0, 1].map(() => ['offline', 'online', 'busy', 'offline']));
  });

  it('takes groups that a backend named, and shows its watchers who is a member no more', async () => {
    const claims = { groups: ['team'] };
    const watchers = [await connect('g0', 0, { claims }), await connect('g1', OLD, { claims })];
    for (const watcher of watchers) await watcher.watch({ groups: ['team'] });
    const cid = await connect('cid', OLD, { claims });
    for (const watcher of watchers) await watcher.sees('cid', 'online');
    expect((await call('/v1/users/cid/groups', 'PUT', { groups: ['alumni'] })).status).toBe(200);
    for (const watcher of watchers)
      await watcher.until(() => watcher.of('gone').some(({ users }) => users?.includes('cid')), {
        what: 'gone',
      });
    for (const node of [0, OLD]) {
      const count = await cluster.http('/v1/presence/count?group=team', { claims: OPERATOR, node });
      expect(count.json).toEqual({ present: 2, members: 2 });
    }
    // A token of before says nothing newer, on either.
    expect((await cid.ask({ type: 'ping' })).type).toBe('pong');
    const again = await connect('cid', OLD, { claims });
    expect((await again.ask({ type: 'ping' })).type).toBe('pong');
    expect((await cluster.http('/v1/presence/count?group=team')).json).toEqual({ present: 2, members: 2 });
  });

  it('keeps its own sockets of a kind that is disconnected, and their person stays', async () => {
    const dan = await watched('dan');
    const here = await connect('dan', 0, { device: 'desktop' });
    const there = await connect('dan', OLD, { device: 'mobile' });
    await dan.see('online');
    expect((await call('/v1/users/dan/disconnect', 'POST', { device: 'desktop' })).status).toBe(204);
    await here.until(() => here.closed, { what: 'the end' });
    expect(here.closed?.code).toBe(4403);
    expect((await there.ask({ type: 'status', status: 'busy' })).type).toBe('ack');
    await dan.see('busy');
    await until(async () => JSON.stringify((await presence('dan'))['devices']) === '["mobile"]', {
      what: 'the phone alone',
    });
    await there.bye();
    await dan.see('offline');
    expect(dan.statuses()).toEqual([0, 1].map(() => ['offline', 'online', 'busy', 'offline']));
  });

  it('lets a lease be renewed and cleared from here without a change in between', async () => {
    const eve = await watched('eve');
    await connect('eve', OLD);
    await eve.see('online');
    const lease = { status: 'busy', text: 'In a call', ttlSeconds: 60 };
    for (let n = 0; n < 3; n += 1)
      expect((await call('/v1/presence/users/eve/claims/call', 'PUT', lease)).status).toBe(200);
    await eve.see('busy');
    expect((await call('/v1/presence/users/eve/claims/call', 'DELETE')).status).toBe(204);
    await eve.see('online');
    expect(eve.statuses()).toEqual([0, 1].map(() => ['offline', 'online', 'busy', 'online']));
  });

  it('refuses when a claim begins and how long it lasts, and keeps what this one stored of that', async () => {
    const path = '/v1/presence/users/gil/claims/call';
    const from = new Date(Date.now() + 600_000).toISOString();
    for (const more of [{ from }, { ttlSeconds: 60 }]) {
      const body = { status: 'busy', ...more };
      expect((await cluster.http(path, { claims: OPERATOR, method: 'PUT', node: OLD, body })).status).toBe(
        400,
      );
    }
    await connect('gil', 0);
    expect((await call(path, 'PUT', { status: 'busy', from })).status).toBe(200);
    expect(await presence('gil')).toMatchObject({ status: 'online' });
    // It knows no beginning: as soon as it decides, the claim counts.
    await connect('gil', OLD, { device: 'mobile' });
    expect(await presence('gil')).toMatchObject({ status: 'busy' });
    const why = await cluster.http('/v1/presence/users/gil/explain', { claims: OPERATOR });
    expect(why.json['claims']).toMatchObject([{ source: 'call', from }]);
  });

  it('leaves nothing behind when it is killed: this one clears it', async () => {
    const fay = await watched('fay');
    await connect('fay', OLD);
    await fay.see('online');
    const watcher = await connect('w2', 0);
    await watcher.watch({ users: ['fay'] });
    await cluster.node(OLD).kill();
    await watcher.sees('fay', 'offline', 30_000);
  });
});
