import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';

/** Words that no name of a metric contains, so that finding one in the output means an id got into a label. */
const USER = 'zebra-quokka';
const TENANT = 'narwhal-inc';
const GROUP = 'axolotl-team';

describe('what operators and tools read', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterAll(() => cluster?.stop());

  it('OpenAPI 3.1 with every call that is served, and a page to read it', async () => {
    const answer = await cluster.http('/docs/json', { claims: null });
    expect(answer.status).toBe(200);
    expect(answer.json.openapi).toMatch(/^3\.1\./);
    const paths = answer.json.paths as Record<string, Record<string, unknown>>;
    const served: [string, string][] = [
      ['/v1/presence/users/{id}', 'get'],
      ['/v1/presence/batch', 'post'],
      ['/v1/presence/online', 'get'],
      ['/v1/presence/count', 'get'],
      ['/v1/presence/me', 'get'],
      ['/v1/presence/me/status', 'put'],
      ['/v1/presence/me/status', 'delete'],
      ['/v1/nodes', 'get'],
    ];
    for (const [path, method] of served) expect(paths[path]?.[method], `${method} ${path}`).toBeDefined();
    const page = await cluster.http('/docs', { claims: null });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
  });

  it('metrics are there, move, and carry no ids', async () => {
    const claims = { sub: USER, tenant: TENANT, groups: [GROUP], name: 'Zoë Zebra' };
    const watcher = await cluster.watcher('watcher', { claims: { tenant: TENANT } });
    await watcher.watch({ users: [USER] });
    const ann = await cluster.connect(USER, { claims, node: 1 });
    await watcher.sees(USER, 'online');
    await cluster.http(`/v1/presence/users/${USER}`, { claims: { ...claims, scope: 'read' } });
    await cluster.http(`/v1/${USER}/nothing`, { claims: null });
    await ann.ask({ type: 'watch', tenant: true });
    await ann.bye();
    await watcher.sees(USER, 'offline');

    const [here = '', there = ''] = await Promise.all(cluster.nodes.map((node) => node.metricsText()));
    for (const text of [here, there]) {
      for (const word of [USER, TENANT, GROUP, 'Zoë']) expect(text).not.toContain(word);
      const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1] ?? '');
      expect(names.length).toBeGreaterThan(20);
      for (const name of names) expect(name).toMatch(/^rollcall_/);
    }
    const [near, far] = [cluster.node(0), cluster.node(1)];
    expect(await near.metric('rollcall_connections')).toBe(1);
    expect(await far.metric('rollcall_connections')).toBe(0);
    expect(await near.metric('rollcall_transitions_total', 'status="online"')).toBeGreaterThan(0);
    expect(await near.metric('rollcall_transitions_total', 'reason="goodbye"')).toBeGreaterThan(0);
    expect(await near.metric('rollcall_presence_frames_sent_total')).toBeGreaterThan(0);
    expect(await near.metric('rollcall_fanout_latency_seconds_count')).toBeGreaterThan(0);
    expect(await far.metric('rollcall_upgrades_total')).toBeGreaterThan(0);
    expect(await far.metric('rollcall_authentications_total', 'v4.public')).toBeGreaterThan(0);
    expect(await far.metric('rollcall_closes_total', '"1000"')).toBe(1);
    expect(await far.metric('rollcall_session_duration_seconds_count')).toBe(1);
    expect(await far.metric('rollcall_flush_batch_size_count')).toBeGreaterThan(0);
    expect(await far.metric('rollcall_frame_errors_total', 'forbidden')).toBe(1);
    expect(await far.metric('rollcall_redis_up')).toBe(1);
    expect(await near.metric('rollcall_users_online')).toBeGreaterThanOrEqual(0);
  });

  it('a transition is encoded once, however many watch it', async () => {
    const watchers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => cluster.connect(`w-${i}`, { node: 0 })),
    );
    for (const watcher of watchers) await watcher.watch({ users: ['star'] });
    const before = await cluster.node(0).metric('rollcall_views_encoded_total');
    const star = await cluster.connect('star', { node: 1 });
    await Promise.all(watchers.map((watcher) => watcher.sees('star', 'online')));
    await star.ask({ type: 'status', status: 'busy' });
    await Promise.all(watchers.map((watcher) => watcher.sees('star', 'busy')));
    const encoded = (await cluster.node(0).metric('rollcall_views_encoded_total')) - before;
    expect(encoded).toBeGreaterThan(0);
    expect(encoded).toBeLessThanOrEqual(3);
  });
});
