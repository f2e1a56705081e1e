import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';
import { bound } from '../support/timings.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 2, env: { TRANSITION_INTERVAL_MS: '0' } });
});
afterAll(() => cluster?.stop());

/** Of which node looks first nobody knows: people of many partitions are there, and either node may be the one that dies. */
it.each([1, 0])(
  'claims begin on time although node %i dies before',
  async (dying) => {
    const node = 1 - dying;
    const users = Array.from({ length: 12 }, (_, n) => `user-${dying}-${n}`);
    const watcher = await cluster.connect(`watcher-${dying}`, { node });
    await watcher.watch({ users });
    for (const user of users) await cluster.connect(user, { node });
    for (const user of users) await watcher.sees(user, 'online');
    const from = Date.now() + 3000;
    const answers = await Promise.all(
      users.map((user) =>
        cluster.http(`/v1/presence/users/${user}/claims/leave`, {
          claims: { sub: 'hr', scope: 'write' },
          method: 'PUT',
          node: dying,
          body: { status: 'busy', text: 'On leave', from: new Date(from).toISOString() },
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(users.map(() => 200));
    await cluster.node(dying).kill();
    for (const user of users) {
      const seen = await watcher.sees(user, 'busy', 3000 + bound() + 5000);
      expect(Date.parse(seen.since ?? '')).toBeGreaterThanOrEqual(from - 5);
      expect(watcher.history(user).map(({ status }) => status)).toEqual(['offline', 'online', 'busy']);
    }
    cluster.disconnectAll();
    await cluster.addNode();
    cluster.nodes[dying] = cluster.nodes.pop() as (typeof cluster.nodes)[number];
  },
  60_000,
);
