import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const SERVICE = { sub: 'calendar', scope: 'write' };

describe('a note over two nodes', () => {
  let cluster: Cluster;
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({ redis, nodes: 2, env: { TRANSITION_INTERVAL_MS: '0' } });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(async () => {
    await cluster?.stop();
    await redis?.stop();
  });

  const put = (path: string, claims: object, body: object) =>
    cluster.http(path, { claims: claims as typeof SERVICE, method: 'PUT', body });

  it('reaches watchers whatever the status is, and every connection of the person', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['ann'] });
    const ann = await cluster.connect('ann');
    const other = await cluster.connect('ann', { node: 1 });
    await watcher.sees('ann', 'online');
    const note = { text: 'On leave', emoji: '🏖️' };
    expect(await ann.ask({ type: 'note', ...note })).toMatchObject({ type: 'ack' });
    await watcher.until(() => watcher.last('ann')?.note?.text === 'On leave');
    for (const each of [ann, other]) {
      await until(() => each.frames.some((frame) => frame.type === 'self' && 'note' in frame));
    }
    const changed = await put('/v1/presence/users/ann/note', SERVICE, { text: 'Back on Monday' });
    expect([changed.status, changed.json]).toEqual([200, { text: 'Back on Monday' }]);
    await watcher.until(() => watcher.last('ann')?.note?.text === 'Back on Monday');
    await other.ask({ type: 'status', status: 'invisible' });
    const { since } = await watcher.sees('ann', 'offline');
    expect((await put('/v1/presence/me/note', { sub: 'ann' }, { text: 'Still away' })).status).toBe(200);
    await watcher.until(() => watcher.last('ann')?.note?.text === 'Still away');
    expect(watcher.last('ann')).toMatchObject({ status: 'offline', since });
    const again = await cluster.connect('ann');
    expect(again.first('welcome')?.self).toMatchObject({ invisible: true, note: { text: 'Still away' } });
    const path = '/v1/presence/me/note';
    expect((await cluster.http(path, { claims: { sub: 'ann' }, method: 'DELETE' })).status).toBe(204);
    await watcher.until(() => watcher.last('ann')?.note === undefined);
  });

  it('survives a loss of everything that Redis knew', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['bob'] });
    const bob = await cluster.connect('bob', { node: 1 });
    await bob.ask({ type: 'note', text: 'Here to stay' });
    await watcher.until(() => watcher.last('bob')?.note?.text === 'Here to stay');
    await redis.call('FLUSHALL');
    await until(
      async () => {
        const { json } = await cluster.http('/v1/presence/users/bob');
        return (
          json['status'] === 'online' &&
          (json['note'] as { text?: string } | undefined)?.text === 'Here to stay'
        );
      },
      { timeoutMs: 20_000 },
    );
  });
});
