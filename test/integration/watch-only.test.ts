import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { healBound, SLACK_MS } from '../support/timings.ts';
import { until } from '../support/until.ts';

/** The newest word about somebody counts, also when it comes with a token by which nobody is present. */
describe.skipIf(!hasRedisBinary)('somebody who only watches', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  beforeAll(async () => {
    redis = await RedisServer.start();
    const env = { WATCH_POLICY: 'groups', TRANSITION_INTERVAL_MS: '0' };
    cluster = await Cluster.start({ nodes: 2, redis, env });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const watchOnly = (groups: readonly string[], name: string) => ({ groups, name, scope: 'watch' });
  const counts = async (group: string): Promise<unknown> => {
    const { status, json } = await cluster.http(`/v1/presence/count?group=${group}`);
    return status === 200 ? json : undefined;
  };

  it('brings their new groups and name to everybody, and is there no more than before', async () => {
    const watcher = await cluster.connect('wim', { claims: { groups: ['new'] }, node: 0 });
    await watcher.ask({ type: 'watch', groups: ['new'] });
    const claims = { groups: ['old'], name: 'Ann' };
    const ann = await cluster.connect('ann', { claims, issuedInSeconds: -60, node: 0 });
    await ann.bye();
    const offline = await until(
      async () => {
        const { json } = await cluster.http('/v1/presence/users/ann');
        return json['status'] === 'offline' && json;
      },
      { what: 'offline of ann' },
    );
    await cluster.connect('ann', { claims: watchOnly(['new'], 'Anna'), issuedInSeconds: -10, node: 1 });
    const seen = await watcher.sees('ann', 'offline');
    expect(seen).toEqual({ ...offline, name: 'Anna' });
    const { json } = await cluster.http('/v1/presence/users/ann');
    expect(json).toEqual(seen);
    expect(await counts('old')).toEqual({ present: 0, members: 0 });
    expect(await counts('new')).toEqual({ present: 1, members: 2 });
  });

  it('sees by their newest groups at once, wherever these were told', async () => {
    const old = { ...watchOnly(['g1'], 'Bob') };
    const one = await cluster.connect('bob', { claims: old, issuedInSeconds: -60, node: 0 });
    expect(await one.ask({ type: 'watch', groups: ['g1'] })).toMatchObject({ type: 'presence' });
    await cluster.connect('bob', { claims: watchOnly(['g2'], 'Bob'), issuedInSeconds: -10, node: 1 });
    await one.until(() => one.first('gone'), { what: 'gone of g1' });
    expect(await one.ask({ type: 'watch', groups: ['g1'] })).toMatchObject({ type: 'error' });
    expect(await one.ask({ type: 'watch', groups: ['g2'] })).toMatchObject({ type: 'presence' });
    // An older token is no way back.
    const late = await cluster.connect('bob', { claims: old, issuedInSeconds: -60, node: 1 });
    expect(await late.ask({ type: 'watch', groups: ['g1'] })).toMatchObject({ code: 'forbidden' });
  });

  it('is a member still after Redis lost its data, and nobody online', async () => {
    const first = await cluster.connect('cem', { claims: watchOnly(['h1'], 'Cem'), issuedInSeconds: -60 });
    await cluster.connect('dan', { claims: watchOnly(['h2'], 'Dan'), issuedInSeconds: -60, node: 1 });
    expect(await first.ask({ type: 'watch', groups: ['h1'] })).toMatchObject({ users: [{ name: 'Cem' }] });
    await redis.call('FLUSHALL');
    for (const group of ['h1', 'h2']) {
      const told = await until(() => counts(group), {
        timeoutMs: healBound() + SLACK_MS,
        what: `an answer of ${group} after the loss`,
      });
      expect(told).toEqual({ present: 0, members: 1 });
    }
    const { json } = await cluster.http('/v1/presence/users/cem');
    expect(json).toEqual({ user: 'cem', status: 'offline', ver: 0, name: 'Cem' });
  });
});
