import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Cluster } from '../../../../test/support/cluster.ts';
import { until } from '../../../../test/support/until.ts';
import { clientOf, closeAll, connected, shown, shows } from '../support/clients.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 1, env: { TRANSITION_INTERVAL_MS: '0' } });
});
afterEach(closeAll);
afterAll(() => cluster?.stop());

it('watches, sees changes, and says what one is', async () => {
  const ada = await connected(cluster, 'ada');
  const bob = clientOf(cluster, 'bob');
  const watch = ada.watch({ users: ['bob', 'carl'] });
  expect(shown(ada, 'bob')).toBe('loading');
  await watch.ready;
  expect(shown(ada, 'bob')).toBe('offline');
  bob.connect();
  await shows(ada, 'bob', 'online');
  await bob.setStatus({ status: 'busy', text: 'Tea party' });
  await shows(ada, 'bob', 'busy');
  expect(ada.view('bob')).toBe(ada.view('bob'));
  expect(ada.view('bob')).toMatchObject({ presence: { text: 'Tea party' } });
  await until(() => bob.self?.claim?.status === 'busy');
  await bob.setStatus(null);
  await shows(ada, 'bob', 'online');
  await bob.leave();
  expect(bob.connection).toEqual({ state: 'stopped', reason: 'closed' });
  await shows(ada, 'bob', 'offline');
  expect(shown(ada, 'dora')).toBe('unwatched');
});

it('refuses what is not allowed and shows the rest', async () => {
  const ada = await connected(cluster, 'ada');
  const tenant = ada.watch({ tenant: true });
  await expect(tenant.ready).rejects.toMatchObject({ name: 'RollcallError', code: 'forbidden' });
  expect(ada.members({ tenant: true })).toEqual({ known: false, why: 'forbidden' });
  const mixed = ada.watch({ users: ['eve', '..'] });
  await expect(mixed.ready).rejects.toMatchObject({ code: 'invalid' });
  expect([shown(ada, 'eve'), shown(ada, '..')]).toEqual(['offline', 'invalid']);
});
