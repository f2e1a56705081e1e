import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 2, env: { WATCH_POLICY: 'groups' } });
});
afterAll(() => cluster?.stop());

it('watchers of a group learn at once that a backend took out a user who left', async () => {
  const claims = { groups: ['team'] };
  const watcher = await cluster.connect('watcher', { claims });
  await watcher.watch({ groups: ['team'] });
  const ann = await cluster.connect('ann', { claims, node: 1 });
  await watcher.sees('ann', 'online');
  await ann.bye();
  await watcher.sees('ann', 'offline');
  const gone = () => watcher.frames.some((frame) => frame.type === 'gone' && frame.users?.includes('ann'));
  expect(gone()).toBe(false);
  const path = '/v1/users/ann/groups';
  const service = { sub: 'hr', scope: 'write' };
  const body = { groups: ['alumni', 'alumni'] };
  const answer = await cluster.http(path, { claims: service, method: 'PUT', body });
  expect([answer.status, answer.json]).toEqual([200, { groups: ['alumni'] }]);
  await watcher.until(gone, { what: 'gone' });
  const counts = await cluster.http('/v1/presence/count?group=team');
  expect(counts.json).toEqual({ present: 1, members: 1 });
  expect((await cluster.http(path, { method: 'PUT', body })).status).toBe(403);
  // The token of before is older than the call.
  const again = await cluster.connect('ann', { claims, node: 1 });
  expect(await again.ask({ type: 'watch', groups: ['team'] })).toMatchObject({ code: 'forbidden' });
});
