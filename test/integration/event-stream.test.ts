import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { type CloudEvent, EventClient } from '../support/event-client.ts';
import { hasRedisBinary, type RedisServer } from '../support/redis-server.ts';
import { SLACK_MS, TIMINGS } from '../support/timings.ts';
import { isOneServer, mastersOf, serverUrlOf, startTopology } from '../support/topologies/chosen-topology.ts';
import type { RedisTopology } from '../support/topologies/redis-topology.ts';
import { until } from '../support/until.ts';

interface Row {
  readonly status: string;
  readonly ver: number;
}

/** What a service that follows the stream holds, when it does as the documentation says. */
class Mirror {
  readonly rows = new Map<string, Row>();
  cursor: string | undefined;

  /** Applies what came, and keeps the newest id of it. */
  apply(client: EventClient): void {
    for (const { data } of client.cloudEvents) this.take(data);
    this.cursor = client.lastId ?? this.cursor;
  }

  take({ user, ver, status }: CloudEvent['data']): void {
    if (ver <= (this.rows.get(user)?.ver ?? 0)) return;
    this.rows.set(user, { status: status ?? 'forgotten', ver });
  }
}

describe('the event stream over real nodes', () => {
  let cluster: Cluster;
  const clients: EventClient[] = [];
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await cluster?.stop();
  });

  const open = async (node = 0, query = '', headers = {}): Promise<EventClient> => {
    const token = await cluster.token({ sub: 'mirror', scope: 'events' });
    const client = await EventClient.open(`${cluster.node(node).httpUrl}/v1/events${query}`, {
      token,
      headers,
    });
    clients.push(client);
    expect(client.status).toBe(200);
    return client;
  };

  it('a service that was down under churn catches up on another node, and holds what a snapshot says', async () => {
    const users = Array.from({ length: 30 }, (_, i) => `churn-${i}`);
    const mirror = new Mirror();
    const first = await open(0);
    const online = await Promise.all(users.map((user, i) => cluster.connect(user, { node: i % 2 })));
    for (const user of users) await first.sees(`${user} online`);
    await first.mark();
    mirror.apply(first);
    first.close();

    const text = 'back soon';
    for (const [i, client] of online.entries()) {
      if (i % 3 === 0) await client.bye();
      else if (i % 3 === 1) await client.ask({ type: 'status', status: 'busy', text });
    }
    for (const user of users.slice(0, 6)) await cluster.connect(user, { node: 1 });

    const second = await open(1, `?after=${mirror.cursor}`);
    await cluster.connect('churn-last');
    await second.sees('churn-last online');
    // What came before this id is everything up to the last change.
    await second.mark();
    mirror.apply(second);
    expect(second.of('reset')).toEqual([]);
    const asked = [...users, 'churn-last'];
    const snapshot = await cluster.http('/v1/presence/batch', { method: 'POST', body: { users: asked } });
    const rows = snapshot.json.users as { user: string; status: string; ver: number }[];
    expect(Object.fromEntries(mirror.rows)).toEqual(
      Object.fromEntries(rows.map(({ user, status, ver }) => [user, { status, ver }])),
    );
  });

  it('says nothing of the invisible but that they went offline', async () => {
    const stream = await open();
    const ann = await cluster.connect('hides', { node: 1 });
    await stream.sees('hides online');
    await ann.ask({ type: 'status', status: 'invisible', text: 'secret', emoji: '🙈' });
    await stream.sees('hides offline');
    ann.send({ type: 'activity', state: 'idle' });
    await cluster.connect('beside-hides', { node: 1 });
    await stream.sees('beside-hides online');
    await ann.ask({ type: 'status', status: null });
    await until(() => stream.story.filter((each) => each === 'hides online').length === 2, { what: 'back' });
    const told = stream.cloudEvents.filter(({ data }) => data.user === 'hides').map(({ data }) => data);
    expect(told.map(({ status, reason }) => [status, reason])).toEqual([
      ['online', 'connect'],
      ['offline', 'goodbye'],
      ['online', 'connect'],
    ]);
    expect(JSON.stringify(told)).not.toMatch(/secret|🙈|invisible/);
  });

  it('ends with its token', async () => {
    const token = await cluster.token({ sub: 'short', scope: 'events' }, { ttlSeconds: 2 });
    const client = await EventClient.open(`${cluster.node().httpUrl}/v1/events`, { token });
    clients.push(client);
    // Clocks may differ by five seconds, as with a token that opens a stream.
    await until(() => client.ended, { what: 'the end', timeoutMs: 8_000 + SLACK_MS });
    expect(client.ended).toBe('end');
  });

  it('filters by the groups that a transition carries; who only joins or leaves one makes none', async () => {
    const [all, here, there] = [await open(0), await open(0, '?groups=here'), await open(1, '?groups=there')];
    const cursor = await all.mark();
    const ann = await cluster.connect('mover', { node: 1, claims: { groups: ['here'] } });
    await here.sees('mover online');
    let issuedInSeconds = 0;
    const renewal = async (...groups: string[]) => {
      issuedInSeconds += 1;
      const token = await cluster.token({ sub: 'mover', groups }, { issuedInSeconds });
      return { type: 'auth', token } as const;
    };
    const isIn = (group: string, members: number): Promise<unknown> =>
      until(async () => (await cluster.http(`/v1/presence/count?group=${group}`)).json.members === members, {
        what: `${members} in ${group}`,
      });

    // Moves without a word, and then does something: that is told where they are, and no more where they were.
    await ann.ask(await renewal('there'));
    await isIn('here', 0);
    await isIn('there', 1);
    await ann.ask({ type: 'status', status: 'busy' });
    await there.sees('mover busy');
    // Back in both, before anybody could have been told of the one.
    await ann.ask(await renewal('here', 'there'));
    await ann.ask({ type: 'status', status: 'away' });
    for (const stream of [here, there]) await stream.sees('mover away');
    // At once: a token is verified while the next frame is handled, and whichever of the two is first, what was told is what the transition says.
    ann.send(await renewal('there'));
    ann.send({ type: 'status', status: 'busy', text: 'moved before' });
    await there.until(
      () => there.cloudEvents.some(({ data }) => data.text === 'moved before'),
      'moved before',
    );
    ann.send({ type: 'status', status: 'away', text: 'moved after' });
    ann.send(await renewal());
    await isIn('there', 0);
    await ann.bye();
    await all.sees('mover offline');

    await cluster.connect('mover-last', { claims: { groups: ['here', 'there'] } });
    const resumed = await open(1, `?groups=here&after=${cursor}`);
    for (const stream of [all, here, there, resumed]) await stream.sees('mover-last online');
    const carrying = (group: string) =>
      all.cloudEvents.filter(({ data }) => (data.groups as string[] | undefined)?.includes(group));
    expect(here.cloudEvents).toEqual(carrying('here'));
    expect(resumed.cloudEvents).toEqual(carrying('here'));
    expect(there.cloudEvents).toEqual(carrying('there'));
    expect(here.story.slice(0, 2)).toEqual(['mover online', 'mover away']);
    expect(there.story.slice(0, 3)).toEqual(['mover busy', 'mover away', 'mover busy']);
    // The end of somebody who had left is not told to those who filter: the group itself knows better.
    for (const { story } of [here, there]) expect(story).not.toContain('mover offline');
    for (const group of ['here', 'there']) {
      const { json } = await cluster.http(`/v1/presence/online?group=${group}`);
      expect((json.users as { user: string }[]).map(({ user }) => user)).toEqual(['mover-last']);
    }
  });

  it('tells of somebody who is forgotten, on every node, whatever they and their groups were', async () => {
    const streams = [await open(0), await open(1, '?status=busy'), await open(1, '?groups=nobody-is-there')];
    const others = await open(1, '?users=somebody-else');
    await cluster.connect('forgotten', { node: 1 });
    await streams[0]?.sees('forgotten online');
    const admin = { sub: 'ops', scope: 'admin' };
    const answer = await cluster.http('/v1/presence/users/forgotten', { method: 'DELETE', claims: admin });
    expect(answer.status).toBe(204);
    for (const stream of streams) {
      await stream.sees('forgotten forgotten');
      expect(stream.cloudEvents.at(-1)).toMatchObject({ type: 'rollcall.forgotten', subject: 'forgotten' });
    }
    await cluster.connect('somebody-else');
    await others.sees('somebody-else online');
    expect(others.story).toEqual(['somebody-else online']);
    expect(streams[0]?.cloudEvents.map(({ data }) => data.ver)).toEqual(
      streams[0]?.cloudEvents.map(({ data }) => data.ver).toSorted((a, b) => a - b),
    );
  });

  it('ends on every node when the token of its reader is revoked, within a second', async () => {
    const token = await cluster.token({ sub: 'spy', scope: 'events' });
    const streams = await Promise.all(
      [0, 1].map((node) => EventClient.open(`${cluster.node(node).httpUrl}/v1/events`, { token })),
    );
    clients.push(...streams);
    const other = await open(1);
    const admin = { sub: 'ops', scope: 'admin' };
    const answer = await cluster.http('/v1/users/spy/revoke', { method: 'POST', claims: admin });
    expect(answer.status).toBe(204);
    for (const stream of streams)
      await until(() => stream.ended, { what: 'the end', timeoutMs: 1000 + SLACK_MS });
    expect(other.ended).toBeUndefined();
  });

  it('is ended by a node that leaves, and goes on at another', async () => {
    const leaving = await cluster.addNode();
    const index = cluster.nodes.indexOf(leaving);
    const first = await open(index);
    await cluster.connect('before-drain');
    await first.sees('before-drain online');
    const cursor = await first.mark();
    const left = leaving.terminate();
    await until(() => first.ended, { what: 'the end', timeoutMs: 10_000 });
    expect(first.ended).toBe('end');
    expect(await left).toBe(0);
    await cluster.connect('after-drain');
    const second = await open(0, '', { 'last-event-id': cursor });
    await second.sees('after-drain online');
    expect(second.of('reset')).toEqual([]);
  });
});

describe.skipIf(!hasRedisBinary)('the event stream, when something is lost', () => {
  let redis: RedisServer | RedisTopology;
  let cluster: Cluster;
  const clients: EventClient[] = [];
  beforeAll(async () => {
    redis = await startTopology();
    cluster = await Cluster.start({ nodes: 2, redis });
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await cluster?.stop();
  });

  const open = async (node: number, query = ''): Promise<EventClient> => {
    const token = await cluster.token({ sub: 'mirror', scope: 'events' });
    const client = await EventClient.open(`${cluster.node(node).httpUrl}/v1/events${query}`, { token });
    clients.push(client);
    return client;
  };

  it('tells readers of a log that was cut to begin anew, and goes on', async () => {
    const first = await open(0);
    const cursor = await first.mark();
    await cluster.connect('trimmed-1');
    await first.sees('trimmed-1 online');
    first.close();
    for (const master of await mastersOf(redis)) {
      const logs = (await master.call('KEYS', `${cluster.prefix}:*:log`)) as string[];
      for (const key of logs) await master.call('XTRIM', key, 'MAXLEN', '0');
    }
    const second = await open(1, `?after=${cursor}`);
    await until(() => second.of('reset').length === 1, { what: 'a reset' });
    await cluster.connect('trimmed-2', { node: 1 });
    await second.sees('trimmed-2 online');
    expect(second.events[0]?.event).toBe('reset');
    const later = await open(0, `?after=${await second.mark()}`);
    await cluster.connect('trimmed-3');
    await later.sees('trimmed-3 online');
    expect(later.of('reset')).toEqual([]);
  });

  it('tells everybody of a loss: who reads, and who comes back', async () => {
    const [reader, other] = [await open(0), await open(1)];
    const cursor = await reader.mark();
    other.close();
    for (const master of await mastersOf(redis)) await master.call('FLUSHALL');
    await until(() => reader.of('reset').length > 0, {
      what: 'a reset',
      timeoutMs: 2 * TIMINGS.heartbeatIntervalMs + TIMINGS.heartbeatTtlMs + SLACK_MS,
    });
    const back = await open(1, `?after=${cursor}`);
    await until(() => back.of('reset').length > 0, { what: 'a reset on return' });
    await cluster.connect('after-loss', { node: 1 });
    for (const each of [reader, back]) await each.sees('after-loss online');
    // A cursor of the new data is good again.
    const fresh = await reader.mark();
    const third = await open(1, `?after=${fresh}`);
    await cluster.connect('after-loss-2');
    await third.sees('after-loss-2 online');
    expect(third.of('reset')).toEqual([]);
  });

  // What stands between one node and its Redis is a proxy for one server.
  it.skipIf(!isOneServer)(
    'is unavailable while Redis is away, and open streams go on afterwards',
    async () => {
      const { node, proxy } = await cluster.addProxiedNode();
      const index = cluster.nodes.indexOf(node);
      const reader = await open(index);
      const cursor = await reader.mark();
      proxy.cut();
      await until(async () => (await open(index, `?after=${cursor}`)).status === 503, {
        what: '503',
        everyMs: 100,
      });
      await cluster.connect('while-away');
      proxy.heal();
      await reader.sees('while-away online');
      expect(reader.of('reset')).toEqual([]);
    },
  );
});

describe('the public channel of a tenant', () => {
  it('carries the same events, one a message', async () => {
    const cluster = await Cluster.start({ nodes: 1, env: { PUBLISH_TENANT_EVENTS: 'true' } });
    const { Redis } = await import('ioredis');
    const subscriber = new Redis(await serverUrlOf(cluster.redis));
    const messages: string[] = [];
    let stream: EventClient | undefined;
    try {
      subscriber.on('message', (_channel, message) => messages.push(message));
      await subscriber.subscribe(`${cluster.prefix}:events:default`);
      const token = await cluster.token({ sub: 'mirror', scope: 'events' });
      stream = await EventClient.open(`${cluster.node().httpUrl}/v1/events`, { token });
      const ann = await cluster.connect('ann', { claims: { name: 'Ann "A"', groups: ['g1'] } });
      await stream.sees('ann online');
      await ann.ask({ type: 'status', status: 'busy', text: 'tea', emoji: '🫖' });
      await stream.sees('ann busy');
      await cluster.connect('bob', { claims: { tenant: 'other' } });
      await ann.bye();
      await stream.sees('ann offline');
      await until(() => messages.length >= 3, { what: 'three messages' });
      expect(messages.map((message) => JSON.parse(message))).toEqual(
        stream.cloudEvents.map(({ data }) => data),
      );
    } finally {
      stream?.close();
      subscriber.disconnect();
      await cluster.stop();
    }
  });
});
