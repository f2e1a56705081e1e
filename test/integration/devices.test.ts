import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { EventClient } from '../support/event-client.ts';
import type { TokenClaims } from '../support/tokens.ts';
import { until } from '../support/until.ts';

/** What is looked at of an answer. */
interface Json {
  readonly active?: readonly string[];
  readonly users?: readonly object[];
  readonly presence?: object;
  readonly connections?: readonly object[];
}

const OPERATOR = { sub: 'ops', scope: 'read admin write' };

describe('the devices of one person', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2, env: { TRANSITION_INTERVAL_MS: '0' } });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const get = async (path: string, node = 0, claims: TokenClaims = OPERATOR) =>
    (await cluster.http(path, { claims, node })).json as Json;
  const disconnect = async (user: string, body?: object) =>
    (await cluster.http(`/v1/users/${user}/disconnect`, { claims: OPERATOR, method: 'POST', body })).status;
  /** Waits until both nodes say so. */
  const hasActive = (user: string, active: readonly string[] | undefined) =>
    until(
      async () => {
        const [one, two] = [
          await get(`/v1/presence/users/${user}`),
          await get(`/v1/presence/users/${user}`, 1),
        ];
        return (
          JSON.stringify([one.active ?? null, two.active ?? null]) ===
          JSON.stringify([active ?? null, active ?? null])
        );
      },
      { what: `${user} active on ${active?.join()}` },
    );
  const uses = (client: Client, state: 'active' | 'idle') => client.send({ type: 'activity', state });

  it('that are in use are read over HTTP on every node, and change nothing that watchers see', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['ann'] });
    const desktop = await cluster.connect('ann', { device: 'desktop' });
    const mobile = await cluster.connect('ann', { device: 'mobile' });
    await watcher.sees('ann', 'online');
    await hasActive('ann', ['desktop', 'mobile']);
    uses(mobile, 'idle');
    await hasActive('ann', ['desktop']);
    uses(mobile, 'active');
    uses(desktop, 'idle');
    await hasActive('ann', ['mobile']);
    await cluster.connect('ann', { device: 'web', node: 1 });
    await hasActive('ann', ['web', 'mobile']);

    const path = '/v1/presence';
    const batch = await cluster.http(`${path}/batch`, {
      ...{ claims: OPERATOR, method: 'POST', body: { users: ['nobody', 'ann'] } },
    });
    const { users } = batch.json as Json;
    expect(users).toMatchObject([{ user: 'nobody' }, { active: ['web', 'mobile'] }]);
    expect(users?.[0]).not.toHaveProperty('active');
    const page = await get(`${path}/online`);
    expect(page.users).toContainEqual(expect.objectContaining({ user: 'ann', active: ['web', 'mobile'] }));
    for (const own of [`${path}/me`, `${path}/users/ann`])
      expect(await get(own, 0, { sub: 'ann' })).toMatchObject({ active: ['web', 'mobile'] });
    const explained = await get(`${path}/users/ann/explain`);
    expect(explained.presence).toMatchObject({ active: ['web', 'mobile'] });
    expect(explained.connections).toContainEqual(
      expect.objectContaining({ devices: ['desktop', 'mobile'], active: ['mobile'] }),
    );
    // One online, and not a word of what is in use.
    expect(watcher.history('ann').map(({ status }) => status)).toEqual(['offline', 'online']);
    for (const { frame } of [...watcher.received, ...mobile.received])
      expect(JSON.stringify(frame)).not.toContain('"active"');
  });

  it('in use are told of nobody who hides', async () => {
    const bob = await cluster.connect('bob', { device: 'desktop' });
    await hasActive('bob', ['desktop']);
    expect((await bob.ask({ type: 'status', status: 'invisible' })).type).toBe('ack');
    await hasActive('bob', undefined);
    expect(await get('/v1/presence/users/bob')).not.toHaveProperty('devices');
  });

  it('are put out by kind, on every node, for one reason; the others stay', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['cid'] });
    const events = await EventClient.open(`${cluster.node().httpUrl}/v1/events?users=cid`, {
      token: await cluster.token({ sub: 'feed', scope: 'events' }),
    });
    const at = { device: 'desktop' };
    const desktops = [await cluster.connect('cid', at), await cluster.connect('cid', { ...at, node: 1 })];
    const mobile = await cluster.connect('cid', { device: 'mobile', node: 1 });
    const onlyWatches = await cluster.connect('cid', { ...at, claims: { scope: 'watch' } });
    const keep = await cluster.http('/v1/presence/me/sessions/tray', {
      ...{ claims: { sub: 'cid' }, method: 'PUT', body: { ttlSeconds: 60, device: 'desktop' } },
    });
    expect(keep.status).toBe(200);
    await watcher.sees('cid', 'online');

    expect(await disconnect('cid', { device: 'desktop' })).toBe(204);
    for (const client of [...desktops, onlyWatches]) {
      await client.until(() => client.closed, { what: 'the end' });
      expect(client.closed?.code).toBe(4403);
    }
    await hasActive('cid', ['mobile']);
    expect(await get('/v1/presence/users/cid')).toMatchObject({ status: 'online', devices: ['mobile'] });
    expect((await mobile.ask({ type: 'status', status: 'busy' })).type).toBe('ack');
    expect(mobile.closed).toBeUndefined();
    // Who opens again is welcome: the token is as good as before.
    const again = await cluster.connect('cid', { ...at, node: 1 });
    await hasActive('cid', ['desktop', 'mobile']);

    expect(await disconnect('cid', { device: 'mobile' })).toBe(204);
    expect(await disconnect('cid', { device: 'desktop' })).toBe(204);
    for (const client of [mobile, again]) await client.until(() => client.closed, { what: 'the end' });
    await watcher.sees('cid', 'offline');
    const reasons = () => events.cloudEvents.map(({ data }) => `${data.status} ${data['reason']}`);
    await events.until(() => reasons().length >= 3, 'the last of them');
    expect(reasons()).toEqual(['online connect', 'busy claim', 'offline revoked']);
    expect(watcher.history('cid').map(({ status }) => status)).toEqual([
      'offline',
      'online',
      'busy',
      'offline',
    ]);
    events.close();
  });

  it.each([[{ device: 'fridge' }], [{ device: '' }], [{ device: ['web'] }], [{ devise: 'web' }], [[]]])(
    'are not put out by %j, which is a mistake',
    async (body) => {
      const dan = await cluster.connect('dan');
      expect(await disconnect('dan', body)).toBe(400);
      expect((await dan.ask({ type: 'ping' })).type).toBe('pong');
    },
  );
});
