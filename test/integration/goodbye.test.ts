import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Cluster } from '../support/cluster.ts';
import { statuses } from '../support/history.ts';
import { TIMINGS } from '../support/timings.ts';
import { holds, until } from '../support/until.ts';

describe('goodbyes are prompt', () => {
  let cluster: Cluster;
  let watchers: Client[];
  beforeAll(async () => {
    // A grace so long that nobody could confuse its end with a goodbye.
    cluster = await Cluster.start({ nodes: 2, env: { OFFLINE_GRACE_MS: '3000' } });
  });
  afterEach(() => cluster.disconnectAll());
  afterAll(() => cluster?.stop());

  const watch = async (user: string): Promise<void> => {
    watchers = [await cluster.connect('watcher', { node: 0 }), await cluster.connect('watcher', { node: 1 })];
    for (const watcher of watchers) await watcher.watch({ users: [user] });
  };
  const allSee = async (user: string, status: 'online' | 'offline', timeoutMs: number): Promise<void> => {
    await Promise.all(watchers.map((watcher) => watcher.sees(user, status, timeoutMs)));
  };

  it('closes with 1000 and shows offline to everyone within a second', async () => {
    await watch('ann');
    const ann = await cluster.connect('ann');
    await allSee('ann', 'online', 5_000);
    const closing = ann.bye();
    await allSee('ann', 'offline', 1_000);
    expect(await closing).toBe(1000);
  });

  it('ends only its own connection while another lives', async () => {
    await watch('bob');
    const laptop = await cluster.connect('bob', { node: 0 });
    const phone = await cluster.connect('bob', { node: 1 });
    await allSee('bob', 'online', 5_000);
    await laptop.bye();
    await holds(() => watchers.every((w) => statuses(w, 'bob').length === 1), 700, 'no transition');
    expect(phone.closed).toBeUndefined();
    await phone.bye();
    await allSee('bob', 'offline', 1_000);
    for (const watcher of watchers) expect(statuses(watcher, 'bob')).toEqual(['online', 'offline']);
  });

  it('does not end the grace of another connection', async () => {
    await watch('cleo');
    const laptop = await cluster.connect('cleo', { node: 0 });
    const phone = await cluster.connect('cleo', { node: 1 });
    await allSee('cleo', 'online', 5_000);
    phone.terminate();
    await phone.end();
    const lostAt = performance.now();
    await laptop.bye();
    await allSee('cleo', 'offline', 8_000);
    expect(performance.now() - lostAt).toBeGreaterThan(3_000 - TIMINGS.reapIntervalMs);
  });

  // A close is told as so many ms ago: a machine that stands still between the telling and the storing makes it look newer
  // than the connection after it, and then a grace runs that is owed to nobody. That may happen to a user or two of many;
  // a grace that runs by when its close is heard happens to most.
  it('an older grace does not outlive a newer connection and its goodbye', async () => {
    const late: string[] = [];
    // One after another without a pause: a node in a hurry tells the store of a close later than of other things, so
    // that it may hear of the close only after the newer connection has come and gone.
    for (let i = 0; i < 24; i++) {
      const user = `dora-${i}`;
      await watch(user);
      const lost = await cluster.connect(user, { node: 0 });
      await allSee(user, 'online', 5_000);
      // Its node must know of the close before there is a new connection, else it is the newer one's grace that runs.
      const open = (count: number): Promise<unknown> =>
        until(async () => (await cluster.node(0).metric('rollcall_connections')) === count, { everyMs: 5 });
      await open(2);
      lost.terminate();
      await open(1);
      const back = await cluster.connect(user, { node: 1 });
      await back.bye();
      await allSee(user, 'offline', 1_000).catch(() => late.push(user));
      cluster.disconnectAll();
      await open(0);
    }
    expect(late.length, `${late.join(', ')} were offline later than 1 s`).toBeLessThanOrEqual(2);
  });

  it('coming back right after it is a new online', async () => {
    await watch('eve');
    const first = await cluster.connect('eve', { node: 0 });
    await allSee('eve', 'online', 5_000);
    await first.bye();
    await allSee('eve', 'offline', 1_000);
    await cluster.connect('eve', { node: 1 });
    await allSee('eve', 'online', 1_000);
  });
});
