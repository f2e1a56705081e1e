import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { EventClient } from '../support/event-client.ts';
import { statuses } from '../support/history.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { bound, healBound, SLACK_MS, TIMINGS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';

describe.skipIf(!hasRedisBinary)('Redis may be unreachable: while Redis is away', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  beforeEach(async () => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({ nodes: 2, redis });
  });
  afterEach(() => cluster?.stop());

  const story = async (fail: () => Promise<void> | void, heal: () => Promise<void> | void): Promise<void> => {
    const watcher = await cluster.connect('watcher', { node: 0 });
    await watcher.watch({ users: ['ann'] });
    const ann = await cluster.connect('ann', { node: 1 });
    await watcher.sees('ann', 'online');

    await fail();
    for (const client of [watcher, ann]) {
      await client.until(() => client.of('degraded').at(-1)?.on, { what: 'degraded' });
    }
    // New sockets are accepted and told.
    const bob = await cluster.connect('bob', { node: 1 });
    await bob.until(() => bob.of('degraded').at(-1)?.on, { what: 'degraded for a newcomer' });
    expect(bob.frames[0]?.type).toBe('welcome');
    expect(bob.first('welcome')?.self).toBeUndefined();
    // A watch is answered from what the node knows, or not at all, and says so at once.
    const asked = await bob.ask({ type: 'watch', users: ['ann', 'zed'] }, 4 * TIMINGS.redisCommandTimeoutMs);
    expect(asked).toMatchObject({ type: 'error', code: 'unavailable' });
    const known = await cluster.connect('carl', { node: 0 });
    const seen = await known.ask({ type: 'watch', users: ['ann'] }, 4 * TIMINGS.redisCommandTimeoutMs);
    if (seen.type === 'presence') expect(seen.users).toMatchObject([{ user: 'ann', status: 'online' }]);
    else expect(seen).toMatchObject({ type: 'error', code: 'unavailable' });
    const own = await bob.ask({ type: 'status', status: 'busy' }, 4 * TIMINGS.redisCommandTimeoutMs);
    expect(own).toMatchObject({ type: 'error', code: 'unavailable' });
    bob.send({ type: 'ping' });
    await bob.until(() => bob.first('pong'), { what: 'a pong' });

    for (const path of ['/v1/presence/users/ann', '/v1/presence/count', '/v1/presence/online']) {
      const answer = await cluster.http(path, { node: 1 });
      expect(answer.status, path).toBe(503);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.json).toMatchObject({ status: 503, code: 'unavailable' });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    // Who follows events is told as well, instead of being given a stream that stays silent.
    const token = await cluster.token({ sub: 'backend', scope: 'events' });
    await until(
      async () => {
        const stream = await EventClient.open(`${cluster.node(1).httpUrl}/v1/events`, { token });
        stream.close();
        return stream.status === 503;
      },
      { timeoutMs: 15_000, what: 'no event stream to be opened' },
    );
    await until(async () => (await cluster.node(0).readyStatus()) === 503, {
      timeoutMs: 15_000,
      what: 'readiness to say so',
    });
    expect(await cluster.node(0).liveStatus()).toBe(200);
    for (const client of [watcher, ann, bob]) expect(client.closed).toBeUndefined();

    await heal();
    await watcher.until(() => watcher.of('degraded').at(-1)?.on === false, {
      timeoutMs: healBound() + SLACK_MS,
      what: 'the end of degraded',
    });
    await until(async () => (await cluster.http('/v1/presence/users/bob')).json.status === 'busy', {
      timeoutMs: healBound() + SLACK_MS,
      what: 'the newcomer, and the status that was set meanwhile',
    }).catch(async () => {
      // `unavailable` promises nothing: the status may be lost, but not the person.
      expect((await cluster.http('/v1/presence/users/bob')).json.status).toBe('online');
    });
    await until(async () => (await cluster.node(0).readyStatus()) === 200, { what: 'readiness' });
    await holds(() => statuses(watcher, 'ann').length === 1, bound(), 'no transition of who stayed');
    expect(ann.closed).toBeUndefined();
    await ann.bye();
    await watcher.sees('ann', 'offline', 1_500);
  };

  it('killed: sockets stay and are accepted, reads say that they do not know, all of it heals', () =>
    story(
      () => redis.kill(),
      () => redis.start(),
    ));

  it('hanging, with every connection still open: the same', () =>
    story(
      () => redis.pause(),
      () => redis.resume(),
    ));
});
