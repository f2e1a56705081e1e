import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster } from '../support/cluster.ts';

const operator = { sub: 'operator', scope: 'read admin' };

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 1 });
});
afterAll(() => cluster?.stop());

/** What is not understood and would narrow a call must not be passed over: more than was meant would be hit. */
it('a misspelt query hits nobody', async () => {
  const laptop = await cluster.connect('ann', { device: 'desktop', claims: { groups: ['g2'] } });
  const disconnect = await cluster.http('/v1/users/ann/disconnect?devise=mobile', {
    method: 'POST',
    claims: operator,
  });
  expect({ status: disconnect.status, detail: disconnect.json.detail }).toEqual({
    status: 400,
    detail: 'query.devise is not known',
  });
  // Whoever is closed is closed before the next answer.
  expect(await laptop.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
});

it('a misspelt query counts nobody', async () => {
  const count = await cluster.http('/v1/presence/count?groups=g1', { claims: operator });
  expect({ status: count.status, detail: count.json.detail }).toEqual({
    status: 400,
    detail: 'query.groups is not known',
  });
});
