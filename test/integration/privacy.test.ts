import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { EventClient } from '../support/event-client.ts';
import { TIMINGS } from '../support/timings.ts';
import { serverUrlOf } from '../support/topologies/chosen-topology.ts';
import { holds, until } from '../support/until.ts';

const TEAM = ['team'];

/**
 * Two people who did the same until one left and the other became invisible. Whatever is told of the one must look
 * like what is told of the other, but for their ids and the moments.
 */
describe('invisible cannot be told from offline', () => {
  let cluster: Cluster;
  let redis: Redis;
  const said: string[] = [];
  let watchers: { readonly byId: Client; readonly byGroup: Client; readonly byTenant: Client };
  let stream: EventClient;
  let hidden: Client;
  let alsoHidden: Client;

  /** Ids and moments taken out: what is left has to be the same for both. */
  const alike = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value)
        .replaceAll(/"(left|hides)\d*"/g, '"X"')
        .replaceAll(/(left|hides):\d+/g, 'X:0')
        .replaceAll(/"\d{4}-\d\d-\d\dT[^"]*"/g, '"T"')
        .replaceAll(/"ver":\d+/g, '"ver":1'),
    );
  const read = async (user: string) => (await cluster.http(`/v1/presence/users/${user}`)).json;

  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2, env: { PUBLISH_TENANT_EVENTS: 'true' } });
    redis = new Redis(await serverUrlOf(cluster.redis));
    await redis.subscribe(`${cluster.prefix}:events:default`);
    redis.on('message', (_channel, text: string) => said.push(text));
    const claims = { groups: TEAM, name: 'Somebody' };
    const left = await cluster.connect('left', { claims, node: 1 });
    hidden = await cluster.connect('hides', { claims, node: 1 });
    watchers = {
      byId: await cluster.connect('w1'),
      byGroup: await cluster.connect('w2', { claims: { groups: TEAM } }),
      byTenant: await cluster.watcher('w3'),
    };
    await watchers.byId.watch({ users: ['left', 'hides'] });
    await watchers.byGroup.watch({ groups: TEAM });
    await watchers.byTenant.watch({ tenant: true });
    stream = await EventClient.open(`${cluster.node(0).httpUrl}/v1/events`, {
      token: await cluster.token({ sub: 'svc', scope: 'events' }),
    });
    await cluster.http('/v1/presence/users/left/claims/call', {
      method: 'PUT',
      body: { status: 'busy', text: 'In a call' },
      claims: { sub: 'svc', scope: 'write' },
    });
    await cluster.http('/v1/presence/users/hides/claims/call', {
      method: 'PUT',
      body: { status: 'busy', text: 'In a call' },
      claims: { sub: 'svc', scope: 'write' },
    });
    for (const user of ['left', 'hides']) await watchers.byTenant.sees(user, 'busy');
    await left.bye();
    await hidden.ask({ type: 'status', status: 'invisible', text: 'do not tell' });
    for (const watcher of Object.values(watchers)) {
      for (const user of ['left', 'hides']) await watcher.sees(user, 'offline');
    }
    alsoHidden = await cluster.connect('hides', { claims, node: 0, device: 'mobile' });
  });
  afterAll(async () => {
    redis?.disconnect();
    stream?.close();
    await cluster?.stop();
  });

  it.each(['byId', 'byGroup', 'byTenant'] as const)('in frames: %s', (how) => {
    const of = (user: string) => watchers[how].history(user).map((presence) => alike(presence));
    expect(of('hides')).toEqual(of('left'));
  });

  it('in snapshots: by id, by group and by tenant', async () => {
    const fresh = await cluster.watcher('w4', { claims: { groups: TEAM } });
    const byId = await fresh.watch({ users: ['left', 'hides'] });
    expect(alike(byId.find(({ user }) => user === 'hides'))).toEqual(
      alike(byId.find(({ user }) => user === 'left')),
    );
    const byGroup = await fresh.watch({ groups: TEAM });
    const member = (user: string) => alike(byGroup.find((presence) => presence.user === user));
    expect(member('hides')).toEqual(member('left'));
    expect((await fresh.watch({ tenant: true })).map(({ user }) => user)).not.toContain('hides');
  });

  it('in reads over HTTP: of one, of many, in pages, in counts, of a group', async () => {
    expect(alike(await read('hides'))).toEqual(alike(await read('left')));
    const batch = await cluster.http('/v1/presence/batch', {
      method: 'POST',
      body: { users: ['left', 'hides'] },
    });
    const [left, hides] = batch.json.users as unknown[];
    expect(alike(hides)).toEqual(alike(left));
    for (const url of ['/v1/presence/online', '/v1/presence/online?group=team']) {
      const users = (await cluster.http(url)).json.users as { user: string }[];
      expect(users.map(({ user }) => user)).not.toContain('hides');
    }
    const { online, away, busy } = (await cluster.http('/v1/presence/count')).json as Record<string, number>;
    const present = (await cluster.http('/v1/presence/online')).json.users as unknown[];
    expect((online ?? 0) + (away ?? 0) + (busy ?? 0)).toBe(present.length);
    const inGroup = (await cluster.http('/v1/presence/online?group=team')).json.users as unknown[];
    expect((await cluster.http('/v1/presence/count?group=team')).json).toMatchObject({
      present: inGroup.length,
    });
  });

  it('in events: the stream and the channel of the tenant', async () => {
    const told = (user: string) =>
      stream.events
        .filter(({ event }) => event === 'transition')
        .map(({ data }) => JSON.parse(data) as { subject: string })
        .filter(({ subject }) => subject === user)
        .map((event) => alike(event));
    await until(() => told('hides').length === 2 && told('left').length === 2);
    expect(told('hides')).toEqual(told('left'));
    const channel = (user: string) =>
      said
        .map((text) => JSON.parse(text) as { user: string; ver: number })
        .filter((event) => event.user === user)
        .map((event) => alike(event));
    expect(channel('hides')).toEqual(channel('left'));
  });

  it('by nothing that they do while they hide', async () => {
    const before = await read('hides');
    const marks = Object.values(watchers).map((watcher) => [watcher, watcher.mark] as const);
    const events = stream.events.length;
    const messages = said.length;
    const members = (await cluster.http('/v1/presence/count?group=team')).json;

    hidden.send({ type: 'activity', state: 'active' });
    hidden.send({ type: 'activity', state: 'idle' });
    hidden.send({ type: 'typing', to: { user: 'w1' }, on: true });
    hidden.send({ type: 'typing', to: { group: 'team' }, on: true });
    await hidden.ask({ type: 'watch', users: ['w1'] });
    const renewed = await cluster.issuer.token(
      { sub: 'hides', groups: ['team', 'other'], name: 'Another name' },
      { issuedInSeconds: 1 },
    );
    await hidden.ask({ type: 'auth', token: renewed });
    await hidden.ask({ type: 'status', status: 'invisible', text: 'still' });
    const own = { claims: { sub: 'hides', name: 'A third' }, method: 'PUT' } as const;
    expect((await cluster.http('/v1/presence/me/last-seen', own)).status).toBe(200);
    const session = { ...own, body: { ttlSeconds: 10, activity: 'active', device: 'api' } };
    expect((await cluster.http('/v1/presence/me/sessions/s', session)).status).toBe(200);
    await cluster.http('/v1/presence/me/sessions/s', { ...own, method: 'DELETE' });
    alsoHidden.terminate();
    await alsoHidden.end();
    await cluster.http('/v1/presence/users/hides/claims/call', {
      method: 'DELETE',
      claims: { sub: 'svc', scope: 'write' },
    });

    await holds(
      () => marks.every(([watcher, mark]) => watcher.mark === mark),
      TIMINGS.offlineGraceMs + 800,
      'silence',
    );
    expect(stream.events.slice(events).filter(({ event }) => event === 'transition')).toEqual([]);
    expect(said).toHaveLength(messages);
    expect(await read('hides')).toEqual(before);
    expect((await cluster.http('/v1/presence/count?group=team')).json).toEqual(members);
  });

  it('while the person knows the truth, and operators do', async () => {
    expect((await cluster.http('/v1/presence/me', { claims: { sub: 'hides' } })).json).toMatchObject({
      status: 'offline',
      invisible: true,
      claim: { status: 'invisible', text: 'still' },
    });
  });

  it('until it ends: as a connect, with what was learnt meanwhile', async () => {
    await hidden.ask({ type: 'status', status: null });
    const back = await watchers.byId.sees('hides', 'online');
    expect(back.name).toBe('Another name');
    await until(() => said.some((text) => text.includes('"hides"') && text.includes('"reason":"connect"')));
  });
});

describe('what others are never told', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterAll(() => cluster?.stop());
  let ids: string[];
  beforeEach(async () => {
    const nodes = await cluster.http('/v1/nodes', { claims: { sub: 'ops', tenant: '*', scope: 'admin' } });
    ids = (nodes.json.nodes as { id: string }[]).map(({ id }) => id);
    expect(ids).toHaveLength(2);
  });

  it('is an id of a connection, a session or a node', async () => {
    const ann = await cluster.connect('ann', { claims: { groups: TEAM }, node: 1 });
    await cluster.http('/v1/presence/me/sessions/secret-session', {
      method: 'PUT',
      body: { ttlSeconds: 60 },
      claims: { sub: 'ann', groups: TEAM },
    });
    const watcher = await cluster.watcher('watcher', { claims: { groups: TEAM } });
    await watcher.watch({ users: ['ann'], groups: TEAM, tenant: true });
    const stream = await EventClient.open(`${cluster.node(0).httpUrl}/v1/events`, {
      token: await cluster.token({ sub: 'svc', scope: 'events' }),
    });
    await ann.ask({ type: 'status', status: 'busy' });
    await watcher.sees('ann', 'busy');
    await until(() => stream.events.some(({ event }) => event === 'transition'));
    stream.close();
    const answers = await Promise.all(
      ['users/ann', 'online', 'online?group=team', 'count'].map((path) =>
        cluster.http(`/v1/presence/${path}`),
      ),
    );
    const told = JSON.stringify([
      watcher.frames,
      answers.map(({ json }) => json),
      stream.events.filter(({ event }) => event === 'transition').map(({ data }) => data),
    ]);
    for (const id of [...ids, 'secret-session']) expect(told).not.toContain(id);
  });

  it('is anything of another tenant', async () => {
    await cluster.connect('zed', { claims: { tenant: 'other', groups: TEAM } });
    const watcher = await cluster.watcher('watcher', { claims: { groups: TEAM } });
    expect(await watcher.watch({ users: ['zed'] })).toEqual([{ user: 'zed', status: 'offline', ver: 0 }]);
    expect((await watcher.watch({ groups: TEAM })).map(({ user }) => user)).not.toContain('zed');
    expect((await watcher.watch({ tenant: true })).map(({ user }) => user)).not.toContain('zed');
    for (const path of ['online', 'online?group=team']) {
      const { users } = (await cluster.http(`/v1/presence/${path}`)).json as { users: { user: string }[] };
      expect(users.map(({ user }) => user)).not.toContain('zed');
    }
  });
});
