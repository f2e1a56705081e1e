import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { isOneServer } from '../support/topologies/chosen-topology.ts';
import { holds } from '../support/until.ts';

const claims = { groups: ['room'] };

describe('typing, which is limited by person and by receiver', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 2 });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const devicesOf = (user: string, count: number): Promise<Client[]> =>
    Promise.all(Array.from({ length: count }, (_, i) => cluster.connect(user, { claims, node: i % 2 })));
  /** Everything they sent was handled. */
  const done = (clients: readonly Client[]): Promise<unknown> =>
    Promise.all(clients.map((client) => client.ask({ type: 'ping' })));
  const to = { group: 'room' };

  it('is passed on once, on however many devices and nodes one person types', async () => {
    const ben = await cluster.connect('ben', { claims, node: 1 });
    const devices = await devicesOf('ann', 8);
    for (const device of devices) device.send({ type: 'typing', to, on: true });
    await done(devices);
    await ben.until(() => ben.first('typing'));
    await holds(() => ben.of('typing').length === 1, 500, 'one word');
    // What another device says again goes on when the first one is closed.
    devices[0]?.terminate();
    await holds(() => ben.of('typing').length === 1, 300, 'the other devices’ word');
  });

  it('is as little with many devices as with one, whatever they say', async () => {
    const ben = await cluster.connect('ben', { claims, node: 1 });
    const devices = await devicesOf('cid', 8);
    const began = performance.now();
    for (let round = 0; round < 10; round += 1) {
      for (const device of devices) {
        device.send({ type: 'typing', to, on: true });
        device.send({ type: 'typing', to, on: false });
      }
    }
    await done(devices);
    // A beginning that waits for its turn and ends meanwhile is not passed on, and one beyond the rate is refused. The
    // last word is passed on as soon as the rate allows it.
    const again = setInterval(() => devices[0]?.send({ type: 'typing', to, on: true }), 300);
    await ben.until(() => ben.of('typing').at(-1)?.on === true).finally(() => clearInterval(again));
    await holds(() => true, 1000, 'the rest');
    const seconds = (performance.now() - began) / 1000;
    const began_ = ben.of('typing').filter(({ on }) => on).length;
    expect(began_).toBeGreaterThan(0);
    expect(began_).toBeLessThanOrEqual(20 + 5 * seconds);
  });

  it('comes to one receiver at most 20 times a second, and of what comes faster the newest word later', async () => {
    const ben = await cluster.connect('ben', { claims, node: 1 });
    const people = await Promise.all(
      Array.from({ length: 40 }, (_, i) => cluster.connect(`p${i}`, { claims, node: i % 2 })),
    );
    for (const person of people) person.send({ type: 'typing', to, on: true });
    await ben.until(() => ben.of('typing').length === people.length);
    const times = ben.received.filter(({ frame }) => frame.type === 'typing').map(({ at }) => at);
    // Two looks of the timer that were late may fall together.
    const most = Math.max(
      ...times.map((at) => times.filter((other) => other >= at && other < at + 1000).length),
    );
    expect(most).toBeLessThanOrEqual(24);
    expect(new Set(ben.of('typing').map(({ from }) => from)).size).toBe(people.length);
  });
});

describe.skipIf(!isOneServer)(
  'typing of somebody of whom the store has not said yet whether they hide',
  () => {
    let cluster: Cluster;
    beforeAll(async () => {
      const env = { HEARTBEAT_INTERVAL_MS: '2000', HEARTBEAT_TTL_MS: '6000', OFFLINE_GRACE_MS: '5000' };
      cluster = await Cluster.start({ nodes: 1, env });
    });
    afterAll(() => cluster?.stop());

    it('reaches nobody, and theirs reaches them once they are seen', async () => {
      const me = { claims: { sub: 'ann' }, method: 'PUT' };
      const hide = { ...me, body: { status: 'invisible' } };
      expect((await cluster.http('/v1/presence/me/status', hide)).status).toBe(200);
      const { proxy } = await cluster.addProxiedNode();
      const ben = await cluster.connect('ben');
      // Longer than a sign-in waits for the store.
      proxy.delay(700);
      const ann = await cluster.connect('ann', { node: 1 });
      expect(ann.first('welcome')).not.toHaveProperty('self');
      ann.send({ type: 'typing', to: { user: 'ben' }, on: true });
      await holds(() => ben.of('typing').length === 0, 2500, 'silence of who may hide');
      proxy.heal();
      proxy.delay(0);
      await ann.ask({ type: 'status', status: null });
      await ben.until(
        () => {
          ann.send({ type: 'typing', to: { user: 'ben' }, on: true });
          return ben.of('typing').length > 0;
        },
        { timeoutMs: 10_000 },
      );
    });
  },
);
