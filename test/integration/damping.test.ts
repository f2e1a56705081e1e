import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { until } from '../support/until.ts';

const BURST = 10;
const EVERY_MS = 1000;

/** One person with many sockets made 250 transitions a second, for every watcher and every backend that reads the log. */
describe('a person who flips as fast as they can', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 2,
      env: {
        TRANSITION_INTERVAL_MS: String(EVERY_MS),
        FRAME_RATE: '1000',
        FRAME_BURST: '1000',
        HTTP_RATE: '0',
      },
    });
  });
  afterAll(() => cluster?.stop());

  it('is shown a burst, then one change for each interval, and at last what is true', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['ann'] });
    const sockets: Client[] = [];
    for (let i = 0; i < 2; i += 1) sockets.push(await cluster.connect('ann', { node: i % 2 }));
    await watcher.sees('ann', 'online');
    const begun = performance.now();
    for (let i = 0; i < 100; i += 1) {
      for (const socket of sockets) socket.send({ type: 'activity', state: i % 2 === 0 ? 'idle' : 'active' });
      // What is said is stored meanwhile, so that each word could be a transition.
      await cluster.http('/v1/presence/users/ann', { node: i % 2 });
    }
    for (const socket of sockets) socket.send({ type: 'activity', state: 'idle' });
    await until(
      async () =>
        (await cluster.http('/v1/presence/users/ann')).json.status === 'away' &&
        watcher.last('ann')?.status === 'away',
      { what: 'the newest state', timeoutMs: 10 * EVERY_MS },
    );
    const seconds = (performance.now() - begun) / EVERY_MS;
    expect(statuses(watcher, 'ann').length).toBeLessThanOrEqual(BURST + Math.ceil(seconds));
  });

  it('is answered at once, and gone at once', async () => {
    const watcher = await cluster.connect('watcher');
    await watcher.watch({ users: ['bob'] });
    const bob = await cluster.connect('bob');
    await watcher.sees('bob', 'online');
    for (let i = 0; i < 2 * BURST; i += 1) {
      const answer = await bob.ask({ type: 'status', status: i % 2 === 0 ? 'busy' : 'away' });
      expect(answer.type).toBe('ack');
    }
    expect(statuses(watcher, 'bob').length).toBeLessThanOrEqual(2 * BURST - 1);
    await bob.bye();
    await watcher.sees('bob', 'offline', 1000);
  });
});
