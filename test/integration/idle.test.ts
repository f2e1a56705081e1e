import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { SLACK_MS } from '../support/timings.ts';
import { holds } from '../support/until.ts';

const AWAY_MS = 1_200;
const OFFLINE_MS = 3_500;
const FAST_MS = 1_000;

describe('idle, away and back', () => {
  let cluster: Cluster;
  let watcher: Client;
  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: 2,
      env: { IDLE_AWAY_MS: String(AWAY_MS), IDLE_OFFLINE_MS: String(OFFLINE_MS) },
    });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const watch = async (user: string): Promise<void> => {
    watcher = await cluster.connect('watcher');
    await watcher.watch({ users: [user] });
  };

  it('a client that says nothing is away after IDLE_AWAY_MS, and offline after IDLE_OFFLINE_MS', async () => {
    await watch('ann');
    const from = performance.now();
    const ann = await cluster.connect('ann', { node: 1 });
    expect(ann.first('welcome')?.idleAfterMs).toBe(AWAY_MS);
    await watcher.sees('ann', 'online');
    const away = await watcher.sees('ann', 'away', AWAY_MS + SLACK_MS);
    expect(performance.now() - from).toBeGreaterThan(AWAY_MS - 100);
    expect(away.lastSeen).toBeDefined();
    await watcher.sees('ann', 'offline', OFFLINE_MS + SLACK_MS);
    expect(performance.now() - from).toBeGreaterThan(OFFLINE_MS - 100);
    expect(ann.closed).toBeUndefined();
    ann.send({ type: 'activity', state: 'active' });
    await watcher.sees('ann', 'online', FAST_MS);
    expect(statuses(watcher, 'ann')).toEqual(['online', 'away', 'offline', 'online']);
  });

  it('a client that reports idle is away at once; any sign of life brings it back', async () => {
    await watch('bob');
    const bob = await cluster.connect('bob', { node: 1 });
    await watcher.sees('bob', 'online');
    bob.send({ type: 'activity', state: 'idle' });
    await watcher.sees('bob', 'away', FAST_MS);
    bob.send({ type: 'activity', state: 'active' });
    await watcher.sees('bob', 'online', FAST_MS);
  });

  it('pings are no activity', async () => {
    await watch('pat');
    const pat = await cluster.connect('pat', { node: 1 });
    await watcher.sees('pat', 'online');
    const pinging = setInterval(() => pat.send({ type: 'ping' }), 200);
    try {
      await watcher.sees('pat', 'away', AWAY_MS + SLACK_MS);
    } finally {
      clearInterval(pinging);
    }
  });

  it('one active device is enough', async () => {
    await watch('cleo');
    const laptop = await cluster.connect('cleo', { node: 0 });
    const phone = await cluster.connect('cleo', { node: 1 });
    await watcher.sees('cleo', 'online');
    laptop.send({ type: 'activity', state: 'idle' });
    phone.send({ type: 'activity', state: 'active' });
    await holds(() => watcher.last('cleo')?.status === 'online', 500, 'online by the phone');
    phone.send({ type: 'activity', state: 'idle' });
    await watcher.sees('cleo', 'away', FAST_MS);
    laptop.send({ type: 'activity', state: 'active' });
    await watcher.sees('cleo', 'online', FAST_MS);
  });

  it('a reconnect within the grace is no activity: somebody away stays away', async () => {
    await watch('dan');
    const first = await cluster.connect('dan', { node: 0 });
    await watcher.sees('dan', 'online');
    first.send({ type: 'activity', state: 'idle' });
    await watcher.sees('dan', 'away');
    first.terminate();
    await first.end();
    const second = await cluster.connect('dan', { node: 1 });
    await holds(() => watcher.last('dan')?.status === 'away', 900, 'still away');
    second.send({ type: 'activity', state: 'active' });
    await watcher.sees('dan', 'online', FAST_MS);
    expect(statuses(watcher, 'dan')).toEqual(['online', 'away', 'online']);
  });

  it('busy stays busy however long nobody touches anything', async () => {
    await watch('eve');
    const eve = await cluster.connect('eve', { node: 1 });
    await eve.ask({ type: 'status', status: 'busy' });
    await watcher.sees('eve', 'busy');
    await holds(() => watcher.last('eve')?.status === 'busy', OFFLINE_MS + 800, 'busy');
  });
});
