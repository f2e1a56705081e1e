import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import type { Presence } from '../support/frames.ts';
import { until } from '../support/until.ts';

describe('reading presence over HTTP', () => {
  let cluster: Cluster;
  const names = Array.from({ length: 23 }, (_, i) => `user-${i}`);
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
    for (const [i, user] of names.entries()) {
      await cluster.connect(user, { node: i % 2, claims: { name: `User ${i}` }, device: 'desktop' });
    }
    const busy = await cluster.connect('busy-one');
    await busy.ask({ type: 'status', status: 'busy', text: 'on the phone', emoji: '☎️' });
    const away = await cluster.connect('away-one');
    await away.ask({ type: 'status', status: 'away' });
  });
  afterAll(() => cluster?.stop());

  it('one user, from any node, as P', async () => {
    for (const node of [0, 1]) {
      const answer = await cluster.http('/v1/presence/users/user-1', { node });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toContain('application/json');
      expect(answer.json).toEqual({
        user: 'user-1',
        status: 'online',
        since: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        ver: expect.any(Number),
        name: 'User 1',
        devices: ['desktop'],
        active: ['desktop'],
      });
    }
    expect((await cluster.http('/v1/presence/users/never-seen')).json).toEqual({
      user: 'never-seen',
      status: 'offline',
      ver: 0,
    });
  });

  it('oneself without the read scope; the id is the decoded path', async () => {
    const odd = 'Ünï/cødé ?#%';
    const client = await cluster.connect(odd);
    const path = `/v1/presence/users/${encodeURIComponent(odd)}`;
    expect((await cluster.http(path, { claims: { sub: odd } })).json).toMatchObject({
      user: odd,
      status: 'online',
    });
    await client.bye();
  });

  it('a batch in the order asked, the unknown and the repeated included', async () => {
    const users = ['busy-one', 'never-seen', 'user-3', 'away-one', 'user-3'];
    const answer = await cluster.http('/v1/presence/batch', { method: 'POST', body: { users } });
    expect(answer.status).toBe(200);
    const got = answer.json.users as Presence[];
    expect(got.map((p) => p.user)).toEqual(users);
    expect(got.map((p) => p.status)).toEqual(['busy', 'offline', 'online', 'away', 'online']);
    const thousand = Array.from({ length: 1_000 }, (_, i) => `batch-${i}`);
    const large = await cluster.http('/v1/presence/batch', { method: 'POST', body: { users: thousand } });
    expect((large.json.users as Presence[]).map((p) => p.user)).toEqual(thousand);
    const none = await cluster.http('/v1/presence/batch', { method: 'POST', body: { users: [] } });
    expect([200, 400]).toContain(none.status);
  });

  it('pages over everyone who is not offline, each once, while people come and go', async () => {
    const claims = { sub: 'reader', scope: 'read' };
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const query = `limit=4${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const answer = await cluster.http(`/v1/presence/online?${query}`, { claims, node: pages % 2 });
      expect(answer.status).toBe(200);
      const users = answer.json.users as Presence[];
      expect(users.length).toBeLessThanOrEqual(4);
      seen.push(...users.map((p) => p.user));
      for (const p of users) expect(p.status).not.toBe('offline');
      cursor = answer.json.cursor as string | undefined;
      if (pages === 2) await (await cluster.connect('passer-by')).bye();
    } while (cursor !== undefined && ++pages < 50);
    const others = seen.filter((user) => user !== 'passer-by');
    expect(new Set(seen).size).toBe(seen.length);
    expect(others.sort()).toEqual([...names, 'busy-one', 'away-one'].sort());
  });

  it('counts', async () => {
    await until(
      async () => {
        const { json } = await cluster.http('/v1/presence/count', { node: 1 });
        return json.online === names.length && json.away === 1 && json.busy === 1;
      },
      { what: 'the right count' },
    );
  });

  it('me is the truth about oneself', async () => {
    const { status, json } = await cluster.http('/v1/presence/me', { claims: { sub: 'busy-one' }, node: 1 });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      user: 'busy-one',
      status: 'busy',
      text: 'on the phone',
      emoji: '☎️',
      claim: { status: 'busy', text: 'on the phone', emoji: '☎️' },
    });
    expect(json.invisible ?? false).toBe(false);
  });

  it('the nodes, for operators', async () => {
    const claims = { sub: 'ops', tenant: '*', scope: 'admin' };
    const answer = await cluster.http('/v1/nodes', { claims });
    expect(answer.status).toBe(200);
    const nodes = answer.json.nodes as {
      name: string;
      connections: number;
      users: number;
      version: string;
    }[];
    expect(nodes.map((node) => node.name).sort()).toEqual(
      cluster.nodes.map((node) => `node-${node.port}`).sort(),
    );
    await until(async () => {
      const { json } = await cluster.http('/v1/nodes', { claims });
      const total = (json.nodes as { connections: number }[]).reduce((sum, n) => sum + n.connections, 0);
      return total === names.length + 2;
    });
  });

  it('a session and why it makes somebody what they are, told by a node that has nothing of it', async () => {
    const own = { claims: { sub: 'cli', groups: ['ops'] }, node: 0 };
    const path = '/v1/presence/me/sessions/shell';
    const body = { ttlSeconds: 60, device: 'api' };
    const watcher = await cluster.connect('watcher', { node: 1 });
    await watcher.watch({ users: ['cli'] });
    expect((await cluster.http(path, { ...own, method: 'PUT', body })).status).toBe(200);
    expect(await watcher.sees('cli', 'online')).toMatchObject({ devices: ['api'] });

    const socket = await cluster.connect('cli', { claims: { groups: ['ops'] }, node: 0 });
    await socket.ask({ type: 'status', status: 'busy', text: 'deploying' });
    await watcher.sees('cli', 'busy');
    const claims = { sub: 'ops', scope: 'admin' };
    const why = await cluster.http('/v1/presence/users/cli/explain', { claims, node: 1 });
    expect(why.status).toBe(200);
    expect(why.json).toMatchObject({
      presence: { user: 'cli', status: 'busy', text: 'deploying' },
      invisible: false,
      connections: [{ connections: 1, devices: ['web'] }],
      sessions: [{ id: 'shell', devices: ['api'] }],
      claims: [{ source: 'user', status: 'busy', text: 'deploying' }],
      groups: ['ops'],
    });
    const reasons = (why.json.transitions as { reason: string }[]).map(({ reason }) => reason);
    expect(reasons.toSorted()).toEqual(['claim', 'connect']);

    // The last of the two to go decides, and both go with a goodbye.
    await socket.bye();
    expect((await cluster.http(path, { ...own, node: 1, method: 'DELETE' })).status).toBe(204);
    await watcher.sees('cli', 'offline');
    expect((await cluster.http('/v1/presence/users/cli/explain', { claims })).json).toMatchObject({
      presence: { status: 'offline' },
      connections: [],
      sessions: [],
    });
    await watcher.bye();
  });
});
