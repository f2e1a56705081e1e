import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import type { ServerFrame } from '../support/frames.ts';
import { RedisServer } from '../support/redis-server.ts';

/** The lists of groups as a client draws them, from its frames alone. */
const listsOf = (frames: readonly ServerFrame[]): Record<string, string[]> => {
  const lists = new Map<string, { ref: string | undefined; users: Set<string> }>();
  for (const frame of frames) {
    if (frame.type === 'presence' && frame.group !== undefined) {
      const known = lists.get(frame.group);
      const list =
        known?.ref === frame.ref && known !== undefined
          ? known
          : { ref: frame.ref, users: new Set<string>() };
      for (const { user } of frame.users) list.users.add(user);
      lists.set(frame.group, list);
    } else if (frame.type === 'members') {
      const list = lists.get(frame.group);
      expect(list, `the snapshot of ${frame.group}`).toBeDefined();
      for (const user of frame.left ?? []) expect(list?.users.delete(user), `${user} left`).toBe(true);
      for (const user of frame.joined ?? []) {
        expect(list?.users.has(user), `${user} joined`).toBe(false);
        list?.users.add(user);
      }
    }
  }
  return Object.fromEntries([...lists].map(([group, { users }]) => [group, [...users].sort()]));
};

describe('lists of groups over two nodes', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  beforeAll(async () => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({ nodes: 2, redis });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(async () => {
    await cluster?.stop();
    await redis?.stop();
  });

  const setGroups = async (user: string, groups: readonly string[]): Promise<void> => {
    const claims = { sub: 'hr', scope: 'write' };
    const path = `/v1/users/${user}/groups`;
    expect((await cluster.http(path, { claims, method: 'PUT', body: { groups }, node: 1 })).status).toBe(200);
  };

  it('one member who joins and leaves two groups: a watcher of both, of one, and by id draws both right', async () => {
    const claims = { groups: ['red', 'blue'] };
    const ann = await cluster.connect('ann', { claims: { groups: ['red'] }, node: 1 });
    const both = await cluster.connect('both', { claims });
    const one = await cluster.connect('one', { claims });
    const byId = await cluster.connect('byId', { claims });
    await both.watch({ groups: ['red', 'blue'] });
    await one.watch({ groups: ['red'] });
    await byId.watch({ users: ['ann'], groups: ['red'] });
    const watching = ['both', 'byId', 'one'];
    const draws = async (client: Client, expected: Record<string, string[]>): Promise<void> => {
      const isRight = () => JSON.stringify(listsOf(client.frames)) === JSON.stringify(expected);
      await client.until(isRight, {
        what: `${JSON.stringify(expected)}, not ${JSON.stringify(listsOf(client.frames))}`,
      });
    };
    const all = async (red: string[], blue: string[]): Promise<void> => {
      await draws(both, { red, blue });
      for (const client of [one, byId]) await draws(client, { red });
    };
    const withAnn = ['ann', ...watching];
    await all(withAnn, watching);
    await setGroups('ann', ['red', 'blue']);
    await all(withAnn, withAnn);
    await setGroups('ann', ['blue']);
    await all(watching, withAnn);
    const isGone = (client: Client) => client.of('gone').some(({ users }) => users?.includes('ann') === true);
    await one.until(() => isGone(one), { what: 'gone of ann' });
    for (const client of [both, byId]) expect(isGone(client)).toBe(false);
    const place = (type: string) => one.frames.findIndex((frame) => frame.type === type);
    expect(place('members')).toBeLessThan(place('gone'));
    // With the status, not alone.
    await ann.ask({ type: 'status', status: 'busy' });
    await byId.sees('ann', 'busy');
    await setGroups('ann', ['red']);
    await all(withAnn, watching);
    await one.sees('ann', 'busy');
    // Offline is still a member; forgotten is none.
    await ann.bye();
    await one.sees('ann', 'offline');
    await all(withAnn, watching);
    await cluster.http('/v1/presence/users/ann', {
      claims: { sub: 'root', scope: 'admin' },
      method: 'DELETE',
    });
    await all(watching, watching);
    await byId.until(() => isGone(byId), { what: 'gone of ann' });
  });

  it('an empty group has a frame, and somebody in two comes in both', async () => {
    const claims = { groups: ['tea', 'coffee', 'none'] };
    await cluster.connect('ben', { claims: { groups: ['tea', 'coffee'] }, node: 1 });
    const watcher = await cluster.connect('wim', { claims: { ...claims } });
    await setGroups('wim', ['tea', 'coffee', 'none']);
    await setGroups('wim', ['coffee', 'tea']);
    const other = await cluster.connect('wes', { claims: { groups: ['nobody'] }, node: 1 });
    await setGroups('wes', ['nobody', 'tea']);
    await other.watch({ groups: ['nobody', 'tea'] });
    expect(listsOf(other.frames)).toEqual({ nobody: ['wes'], tea: ['ben', 'wes', 'wim'] });
    await watcher.watch({ groups: ['tea', 'coffee'] });
    expect(listsOf(watcher.frames)).toEqual({ tea: ['ben', 'wes', 'wim'], coffee: ['ben', 'wim'] });
  });

  it('what Redis lost of the groups makes nobody join or leave', async () => {
    const claims = { groups: ['green'] };
    await cluster.connect('gil', { claims, node: 1 });
    const watcher = await cluster.connect('greta', { claims });
    await watcher.watch({ groups: ['green'] });
    expect(listsOf(watcher.frames)).toEqual({ green: ['gil', 'greta'] });
    await redis.call('FLUSHALL');
    await watcher.until(() => watcher.of('degraded').some(({ on }) => on), {
      what: 'degraded',
      timeoutMs: 20_000,
    });
    await watcher.until(() => watcher.of('degraded').at(-1)?.on === false, {
      what: 'fresh again',
      timeoutMs: 40_000,
    });
    await cluster.connect('gus', { claims, node: 1 });
    await watcher.until(() => listsOf(watcher.frames)['green']?.includes('gus') === true, { what: 'gus' });
    expect(watcher.of('members')).toEqual([{ type: 'members', group: 'green', joined: ['gus'] }]);
  });
});
