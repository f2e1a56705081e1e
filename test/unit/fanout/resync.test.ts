import { describe, expect, it } from 'vitest';
import type { Health } from '../../../src/node/membership.ts';
import { Rig, settle } from './rig.ts';

/** Users whose names end in an even or odd character lie in partition 0 or 1. */
const even = (n: number): string => `e${n}0`;
const odd = (n: number): string => `o${n}1`;

/** Timers and promises alternate until nothing happens any more. */
const run = async (rig: Rig, ms = 0): Promise<void> => {
  for (let turn = 0; turn < 60; turn += 1) {
    rig.time.advance(turn === 0 ? Math.max(ms, 1) : 1);
    await settle();
  }
};

describe('after a partition lost data', () => {
  it('watched users of it are read again with what the node knew, and only differences are told', async () => {
    const rig = new Rig();
    for (const user of [even(1), even(2), odd(1)]) rig.set(user, 5);
    const { sink } = await rig.watching({ users: [even(1), even(2), odd(1), even(3)] });
    rig.set(even(1), 6, 'away');
    rig.set(odd(1), 6, 'away'); // The other partition lost nothing: its event will come.
    const calls = rig.store.calls.length;
    rig.reset(0);
    await run(rig);
    const [again] = rig.store.calls.slice(calls);
    expect(rig.store.calls).toHaveLength(calls + 1);
    expect([...(again?.users ?? [])].sort()).toEqual([even(1), even(2), even(3)]);
    // Who was never seen has nothing to be repaired from.
    expect(
      rig.store.told
        .flat()
        .map(({ user, ver }) => `${user}@${ver}`)
        .sort(),
    ).toEqual([`${even(1)}@5`, `${even(2)}@5`]);
    expect(sink.take()).toEqual([`${even(1)}@6`]);
  });

  it('reads in batches, few at a time, in random order', async () => {
    const users = Array.from({ length: 20 }, (_, n) => even(n));
    let seed = 1;
    const random = (): number => {
      seed = (seed * 16807) % 2147483647;
      return seed / 2147483647;
    };
    const rig = new Rig({ tuning: { resyncBatch: 3, resyncReads: 2 }, options: { random } });
    await rig.watching({ users });
    rig.store.auto = false;
    const before = rig.store.calls.length;
    rig.reset(0);
    await run(rig);
    expect(rig.store.open).toHaveLength(2);
    while (rig.store.open.length > 0) {
      expect(rig.store.open.length).toBeLessThanOrEqual(2);
      rig.store.open[0]?.answer();
      await settle();
    }
    const read = rig.store.calls.slice(before).map((call) => [...call.users]);
    expect(read.map(({ length }) => length).sort()).toEqual([2, 3, 3, 3, 3, 3, 3]);
    expect(read.flat().sort()).toEqual([...users].sort());
    expect(read.flat()).not.toEqual(users);
  });

  it('starts at a random moment within a bound', async () => {
    const rig = new Rig({ tuning: { resyncJitterMs: 1000 } });
    await rig.watching({ users: [even(1)] });
    rig.reset(0);
    rig.time.advance(499);
    await settle();
    expect(rig.store.calls).toHaveLength(1);
    await run(rig);
    expect(rig.store.calls).toHaveLength(2);
  });

  it('tries again, ever more rarely, until the store can tell', async () => {
    const rig = new Rig({ tuning: { retryMinMs: 100, retryMaxMs: 400, resyncReads: 1 } });
    const { sink } = await rig.watching({ users: [even(1)] });
    rig.set(even(1), 9);
    rig.store.away = true;
    rig.reset(0);
    for (let step = 0; step < 1000; step += 1) {
      rig.time.advance(10);
      await settle();
    }
    const attempts = rig.store.calls.length;
    expect(attempts).toBeGreaterThan(25); // 10 s, at first after 75 ms, later every 300.
    expect(attempts).toBeLessThan(45);
    rig.store.away = false;
    await run(rig, 400);
    expect(sink.take()).toEqual([`${even(1)}@9`]);
    await run(rig, 5000);
    expect(rig.store.calls).toHaveLength(attempts + 1);
  });

  it('tries at once when the store is said to answer again', async () => {
    let tell: ((degraded: boolean) => void) | undefined;
    const health: Health = {
      degraded: true,
      ready: true,
      onDegraded: (listener) => {
        tell = listener;
        return () => {
          tell = undefined;
        };
      },
    };
    const rig = new Rig({ options: { health }, tuning: { retryMinMs: 60_000, retryMaxMs: 60_000 } });
    const { sink } = await rig.watching({ users: [even(1)] });
    rig.set(even(1), 9);
    rig.store.away = true;
    rig.reset(0);
    await run(rig, 1000);
    rig.store.away = false;
    tell?.(true);
    await run(rig, 1000);
    expect(sink.take()).toEqual([]);
    tell?.(false);
    await run(rig);
    expect(sink.take()).toEqual([`${even(1)}@9`]);
    await rig.fanout.stop();
    expect(tell).toBeUndefined();
  });

  it('finds who came into a watched tenant, and who left it', async () => {
    const rig = new Rig();
    for (const user of [even(1), even(2), odd(1)]) rig.set(user, 5);
    const { sink } = await rig.watching({ tenant: true });
    rig.set(even(1), 6, 'offline');
    rig.set(even(9), 7);
    rig.reset(0);
    await run(rig, 100);
    expect(sink.take().join(' ').split(' ').sort()).toEqual([`${even(1)}@6`, `${even(9)}@7`]);
    const second = rig.connect();
    await second.watcher.watch({ tenant: true });
    expect(second.sink.take().join().replace(/[[\]]/g, '').split(' ').sort()).toEqual(
      [`${even(2)}@5`, `${even(9)}@7`, `${odd(1)}@5`].sort(),
    );
  });

  it('is done again for data lost while it is under way', async () => {
    const rig = new Rig();
    const { sink } = await rig.watching({ users: [even(1)] });
    rig.store.auto = false;
    rig.reset(0);
    await run(rig);
    rig.reset(0);
    await run(rig);
    expect(rig.store.open).toHaveLength(1); // Not at once: one after the other.
    rig.set(even(1), 3);
    rig.store.open[0]?.answerOld();
    rig.store.auto = true;
    await run(rig);
    expect(sink.take()).toEqual([`${even(1)}@3`]);
  });

  /** A store that gathers for seconds would be told the same over and over. */
  it('tells what it knows once a loss, also where the store cannot answer for long', async () => {
    const rig = new Rig({ tuning: { retryMinMs: 10, retryMaxMs: 10 } });
    rig.set(even(1), 5);
    await rig.watching({ users: [even(1)] });
    rig.store.away = true;
    rig.reset(0);
    await run(rig, 100);
    expect(rig.store.told).toHaveLength(1);
    rig.reset(0);
    await run(rig, 100);
    expect(rig.store.told).toHaveLength(2);
    rig.store.away = false;
    await run(rig, 100);
    expect(rig.store.told.length).toBeLessThanOrEqual(3); // For the second loss it is all done again.
  });

  /** A replica that lagged may have taken over in between: nobody was forgotten. */
  it('tells it again before it takes anybody for forgotten whom the store had been told of earlier', async () => {
    const rig = new Rig({ tuning: { retryMinMs: 10, retryMaxMs: 10 } });
    rig.set(even(1), 5);
    const { sink } = await rig.watching({ users: [even(1)] });
    rig.store.away = true;
    rig.reset(0);
    await run(rig, 100);
    rig.store.truth.delete(even(1));
    rig.store.restored = (known) => {
      for (const view of known) rig.store.truth.set(view.user, view);
    };
    rig.store.away = false;
    await run(rig, 100);
    expect(rig.store.told).toHaveLength(2);
    expect(sink.takeFrames()).toEqual([]);
  });

  it('reads one partition while another cannot be read', async () => {
    const rig = new Rig();
    const { sink } = await rig.watching({ users: [even(1), odd(1)] });
    rig.store.auto = false;
    rig.set(even(1), 3);
    rig.reset(1);
    await run(rig);
    rig.store.open[0]?.fail();
    rig.reset(0);
    await run(rig);
    rig.store.open.find(({ users }) => users[0] === even(1))?.answer();
    await run(rig);
    expect(sink.take()).toEqual([`${even(1)}@3`]);
  });

  it('takes who is known less of than it told the store for forgotten: the command was lost', async () => {
    const rig = new Rig();
    rig.set(even(1), 3);
    const { sink } = await rig.watching({ users: [even(1)] });
    rig.store.truth.delete(even(1));
    rig.reset(0);
    await run(rig);
    expect(sink.takeFrames()).toEqual([{ type: 'gone', users: [even(1)] }]);
    expect(rig.fanout.footprint).toMatchObject({ watches: 0, views: 0, tenants: 0 });
  });

  it('does not bring back who went offline while it read, nor whom nobody watches any more', async () => {
    const rig = new Rig();
    rig.set(even(1), 5);
    const tenant = await rig.watching({ tenant: true });
    const { watcher } = await rig.watching({ users: [even(2)] });
    rig.store.auto = false;
    rig.reset(0);
    await run(rig);
    watcher.unwatch({ users: [even(2)] });
    rig.store.open[0]?.answer();
    await run(rig);
    expect(rig.store.open.map(({ kind }) => kind)).toEqual(['page']);
    rig.event(even(1), 6, 'offline');
    rig.time.advance(100);
    rig.store.open[0]?.answerOld();
    await run(rig, 100);
    expect(tenant.sink.take()).toEqual([`${even(1)}@6`]);
    expect(rig.fanout.footprint.views).toBe(0);
  });

  it('reads nobody who is no longer watched when their turn comes', async () => {
    const rig = new Rig({ tuning: { resyncBatch: 1, resyncReads: 1 } });
    const { watcher } = await rig.watching({ users: [even(1), even(2), even(3)] });
    rig.store.auto = false;
    rig.reset(0);
    await run(rig);
    const first = rig.store.open[0]?.users[0];
    watcher.unwatch({ users: [even(1), even(2), even(3)].filter((user) => user !== first) });
    rig.store.open[0]?.answer();
    await run(rig);
    expect(rig.store.open).toEqual([]);
  });

  it('ends the watch of a tenant that turns out to have grown too large', async () => {
    const rig = new Rig({ settings: { tenantWatchMax: 2 } });
    const { sink } = await rig.watching({ tenant: true });
    for (let n = 0; n <= 10_000; n += 1) rig.set(`u${n}`, 1);
    rig.reset(0);
    await run(rig);
    expect(sink.take().slice(-2)).toEqual(['gone', 'error']);
    expect(rig.fanout.footprint).toMatchObject({ views: 0, watches: 0, tenants: 0 });
  });

  it('leaves nothing running after stop', async () => {
    const rig = new Rig();
    await rig.watching({ users: [even(1)], tenant: true });
    rig.store.away = true;
    rig.reset(0);
    await run(rig);
    await rig.fanout.stop();
    const calls = rig.store.calls.length;
    await run(rig, 10_000);
    expect(rig.store.calls).toHaveLength(calls);
    expect(rig.time.timers).toBe(0);
  });
});
