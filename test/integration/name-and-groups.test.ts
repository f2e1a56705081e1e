import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { hasRedisBinary, RedisServer } from '../support/redis-server.ts';
import { healBound, SLACK_MS } from '../support/timings.ts';
import { until } from '../support/until.ts';

/** A token may say a name without groups, or groups without a name: neither may take away what another token said. */
describe.skipIf(!hasRedisBinary)('name and groups of several tokens', () => {
  let redis: RedisServer;
  let cluster: Cluster;
  beforeAll(async () => {
    redis = await RedisServer.start();
    cluster = await Cluster.start({ nodes: 2, redis });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  /** Members who are online, with their names, as soon as the service knows them. */
  const members = (group: string, node: number): Promise<unknown> =>
    until(
      async () => {
        const { status, json } = await cluster.http(`/v1/presence/online?group=${group}`, { node });
        const users = json['users'] as readonly { user: string; name?: string }[] | undefined;
        return status === 200 && users?.map(({ user, name }) => `${user} ${name}`).sort();
      },
      { timeoutMs: healBound() + SLACK_MS, what: 'an answer of who is in the group' },
    );

  it('count each by the newest token that says them, also after Redis lost its data', async () => {
    // Whichever node tells of its token first when everything is told again.
    const nodes = { ann: [0, 1], amy: [1, 0], abe: [0, 0] } as const;
    for (const [user, [older, newer]] of Object.entries(nodes)) {
      const claims = { groups: ['g1'], name: 'older' };
      await cluster.connect(user, { claims, issuedInSeconds: -60, node: older });
      await cluster.connect(user, { claims: { name: 'newer' }, issuedInSeconds: -10, node: newer });
    }
    const everybody = ['abe newer', 'amy newer', 'ann newer'];
    for (const node of [0, 1]) expect(await members('g1', node)).toEqual(everybody);
    await redis.call('FLUSHALL');
    for (const node of [0, 1]) expect(await members('g1', node)).toEqual(everybody);
  });

  it('count each for itself when the newer token, which says no groups, comes first', async () => {
    await cluster.connect('ben', { claims: { name: 'Ben' }, issuedInSeconds: -10, node: 1 });
    const older = { issuedInSeconds: -60, node: 0 };
    const ben = await cluster.connect('ben', { claims: { groups: ['g2'], name: 'B.' }, ...older });
    for (const node of [0, 1]) expect(await members('g2', node)).toEqual(['ben Ben']);
    expect(await ben.ask({ type: 'watch', groups: ['g2'] })).toMatchObject({ type: 'presence' });
  });
});
