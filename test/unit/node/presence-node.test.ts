import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import type { MemoryFeed } from '../../../src/events/memory-feed.ts';
import { PresenceNode } from '../../../src/node/presence-node.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import type { Revocation } from '../../../src/store/port/endings.ts';
import type { BeatReply } from '../../../src/store/port/leases.ts';
import type { ApplyReply } from '../../../src/store/port/reports.ts';
import type { PresenceStore } from '../../../src/store/presence-store.ts';
import { memoryFeed } from '../../support/memory-feed.ts';
import { beaten, FakeMember, FakeStore, gate, ok, selfView, silent, view } from './fakes.ts';
import { AWAY_MS, COMMAND_MS, DRAIN_GRACE_MS, freezeTime, GRACE_MS, pass, TTL_MS, turn } from './rig.ts';

const INTERVAL_MS = 2000;
const WALL = Date.UTC(2026, 0, 1);

describe('a node in the cluster', () => {
  let store: FakeStore;
  let feed: MemoryFeed;
  let node: PresenceNode;
  let linkUp: boolean;
  let subscribed: MockInstance<MemoryFeed['subscribe']>;
  beforeEach(() => {
    freezeTime();
    store = new FakeStore(2);
    linkUp = true;
    feed = memoryFeed({ partitions: 2 });
    subscribed = vi.spyOn(feed, 'subscribe');
    node = new PresenceNode({
      identity: { id: 'n1', name: 'one', version: '1' },
      storage: {
        store: store as unknown as PresenceStore,
        feed,
        link: {
          get up() {
            return linkUp;
          },
          onTurn: () => () => undefined,
        },
      },
      periods: {
        heartbeatIntervalMs: INTERVAL_MS,
        heartbeatTtlMs: TTL_MS,
        reapIntervalMs: 1000,
        graceMs: GRACE_MS,
        drainGraceMs: DRAIN_GRACE_MS,
        idleAwayMs: AWAY_MS,
        commandTimeoutMs: COMMAND_MS,
        revocationMs: 86_400_000,
      },
      clock: { monotonic: () => performance.now(), wall: () => WALL + performance.now() },
      capacity: { sockets: 7 },
      metrics: createMetrics(),
      logger: silent,
      onIncompatible: () => undefined,
    });
  });
  afterEach(async () => {
    await node.stop();
    vi.useRealTimers();
  });
  const join = (user: string): FakeMember => {
    const member = new FakeMember(user);
    void node.roster.join(member);
    return member;
  };

  it('is ready only once it knows whose tokens are refused, and at once then', async () => {
    const listed = gate<Revocation[]>();
    store.onRevocations = () => listed.promise;
    node.start();
    await pass(100);
    expect([node.health.ready, node.health.degraded]).toEqual([false, false]);
    listed.resolve([]);
    await turn();
    expect(node.health.ready).toBe(true);
  });

  it('tells a store that lost data of the revocations it knows', async () => {
    const gus = { ref: { tenant: 'acme', user: 'gus' }, at: WALL / 1000 };
    store.onRevocations = async () => [{ ...gus.ref, at: gus.at }];
    node.start();
    await pass(100);
    store.calls.length = 0;
    const partition = store.partitionOf(gus.ref);
    store.onBeat = async (_, p) => beaten(p === partition ? { gen: 'g2', lost: true, young: true } : {});
    store.onRevocations = async () => Promise.reject(new Error('young'));
    await pass(INTERVAL_MS);
    expect(store.calls).toContain(`refuse ${partition} gus ${gus.at}`);
  });

  /** Commands may have been missed meanwhile, one of them a revocation. Each reason by itself has the list read again. */
  describe('reads the revocations again', () => {
    beforeEach(async () => {
      node.start();
      await pass(100);
      store.calls.length = 0;
    });
    const reads = (): number => store.calls.filter((call) => call === 'revocations').length;

    it('when it is degraded no more', async () => {
      linkUp = false;
      node.health.refresh();
      await pass(100);
      expect(reads()).toBe(0);
      linkUp = true;
      node.health.refresh();
      await turn();
      expect(reads()).toBe(1);
    });

    it('when its feed has lost entries, in one partition alone', async () => {
      for (const [listener] of subscribed.mock.calls) listener.reset?.(1);
      await turn();
      expect(reads()).toBe(1);
    });

    it('and for no other reason', async () => {
      await pass(5 * INTERVAL_MS);
      expect(reads()).toBe(0);
    });
  });

  it('joins, is ready, writes who is here and says who it is', async () => {
    node.start();
    node.start();
    await pass(10);
    expect([node.health.ready, node.health.degraded]).toEqual([true, false]);
    join('ann');
    await pass(10);
    expect(store.told).toEqual([['ann 1']]);
    const told = vi.fn();
    store.onRegister = async (self) => {
      told(self);
      return [self];
    };
    await pass(INTERVAL_MS);
    expect(told).toHaveBeenCalledWith({
      id: 'n1',
      name: 'one',
      version: '1',
      connections: 7,
      users: 1,
      startedAt: WALL,
      heartbeatAgo: 0,
    });
  });

  it('tells how it does', async () => {
    store.onBeat = async () => beaten({ micros: (WALL + performance.now() - 1500) * 1000 });
    store.onRegister = async (self) => [
      self,
      { ...self, id: 'alive', heartbeatAgo: INTERVAL_MS },
      { ...self, id: 'dead', heartbeatAgo: TTL_MS },
    ];
    expect(node.vitals).toMatchObject({ ready: false, degraded: true, heartbeatAgeMs: 0, nodes: 0 });
    node.start();
    await pass(INTERVAL_MS + 10);
    expect(node.vitals).toMatchObject({
      ready: true,
      degraded: false,
      draining: false,
      flushLagMs: 0,
      nodes: 2,
    });
    expect(node.vitals.clockOffsetMs).toBeCloseTo(1500, 0);
    expect(node.vitals.heartbeatAgeMs).toBeLessThanOrEqual(INTERVAL_MS / 2 + 10);
    store.onBeat = async () => {
      throw new Error('away');
    };
    store.onApply = async () => {
      throw new Error('away');
    };
    join('ann');
    await pass(TTL_MS);
    expect(node.vitals.heartbeatAgeMs).toBeGreaterThanOrEqual(TTL_MS);
    expect(node.vitals.flushLagMs).toBeGreaterThan(TTL_MS - 100);
    node.health.drain();
    expect(node.vitals).toMatchObject({ ready: false, degraded: true, draining: true });
  });

  it('keeps who comes while the store is away, and writes them when it is there', async () => {
    store.onBeat = async () => {
      throw new Error('away');
    };
    node.start();
    const ann = join('ann');
    const bob = join('bob');
    await pass(10_000);
    node.roster.leave(bob, 'lost');
    expect(store.applied).toHaveLength(0);
    expect(node.health.ready).toBe(false);
    store.onBeat = async () => beaten();
    await pass(INTERVAL_MS);
    expect(store.told).toEqual([['ann 1']]);
    expect(node.roster.membersOf(ann.ref)).toEqual([ann]);
  });

  it('gives a claim made before it ever heard of the store the time of its own clock', async () => {
    store.onBeat = async () => {
      throw new Error('away');
    };
    node.start();
    join('ann');
    const claimed = vi.fn();
    node.roster.claim({ tenant: 'acme', user: 'ann' }, { status: 'busy' }).catch(claimed);
    await pass(3000);
    expect(claimed).toHaveBeenCalled();
    store.onBeat = async () => beaten();
    await pass(INTERVAL_MS);
    expect(store.newest('ann')?.claim).toEqual({ status: 'busy', stamp: WALL * 1000 });
  });

  it('asks at once what a partition refused its write for, and writes again', async () => {
    node.start();
    await pass(10);
    store.onApply = async () => ({ result: 'lost' });
    store.onBeat = async () => {
      store.onApply = async () => ok();
      return beaten({ gen: 'g2', lost: true });
    };
    const before = store.beats.length;
    join('ann');
    await pass(20);
    expect(store.beats.length).toBeGreaterThan(before);
    expect(store.applied.map(({ batch }) => batch.gen)).toEqual(['g1', 'g2']);
    expect(store.calls).toContain(`held ${store.partitionOf({ tenant: 'acme', user: 'ann' })} n1.0`);
  });

  it('asks at once what is left of the store when the link comes back, and is degraded until it knows', async () => {
    node.start();
    await pass(10);
    linkUp = false;
    node.health.refresh();
    await pass(100);
    const answers = gate<BeatReply>();
    store.onBeat = () => answers.promise;
    const before = store.beats.length;
    linkUp = true;
    node.health.refresh();
    expect(store.beats).toHaveLength(before + 2);
    expect(node.health.degraded).toBe(true);
    answers.resolve(beaten());
    await turn();
    expect(node.health.degraded).toBe(false);
  });

  it('learns from the feed what others see of who is here, and how far the partition is', async () => {
    store.onApply = async () => ok({ selves: new Map([[0, selfView('ann')]]) });
    node.start();
    await pass(10);
    join('ann');
    await pass(10);
    const partition = store.partitionOf({ tenant: 'acme', user: 'ann' });
    const transition = {
      ...view('ann', { ver: 9000 }),
      tenant: 'acme',
      previous: 'away',
      reason: 'active',
    } as const;
    feed.publish(partition, [{ id: 9000, kind: 'transition', transition }]);
    node.roster.reassert(partition);
    await pass(500);
    expect(store.newest('ann')?.known?.ver).toBe(9000);
    await pass(INTERVAL_MS);
    expect(store.beats.filter((told) => told.partition === partition).at(-1)?.beat.seen).toBe(9000);
  });

  describe('that leaves', () => {
    it('waits until everything is written', async () => {
      node.start();
      await pass(10);
      const reply = gate<ApplyReply>();
      store.onApply = () => reply.promise;
      join('ann');
      let written: boolean | undefined;
      void node.flushed(3000).then((is) => {
        written = is;
      });
      await pass(500);
      expect(written).toBeUndefined();
      reply.resolve(ok());
      await pass(50);
      expect(written).toBe(true);
    });

    it('but not for ever', async () => {
      node.start();
      await pass(10);
      store.onApply = () => gate<ApplyReply>().promise;
      join('ann');
      let written: boolean | undefined;
      void node.flushed(1000).then((is) => {
        written = is;
      });
      await pass(1100);
      expect(written).toBe(false);
    });

    /** Where something is not written, the list of the node still names people: they are for a reaper, after the lease. */
    it('gives up its leases only where everything is written', async () => {
      node.start();
      await pass(10);
      store.onApply = () => gate<ApplyReply>().promise;
      const unwritten = store.partitionOf(join('ann').ref);
      await pass(10);
      await node.leave();
      expect(store.calls.filter((call) => call.startsWith('retire'))).toEqual([
        `retire ${1 - unwritten} n1.0`,
      ]);
      // A beat would take the lease again.
      const before = store.beats.length;
      await pass(2 * INTERVAL_MS);
      expect(store.beats).toHaveLength(before);
    });

    it('has no lease to give up where it holds none any more', async () => {
      node.start();
      await pass(10);
      store.onBeat = async () => {
        throw new Error('away');
      };
      await pass(TTL_MS + INTERVAL_MS);
      await node.leave();
      expect(store.calls.filter((call) => call.startsWith('retire'))).toEqual([]);
    });

    it('takes itself out of the list, is told nothing more, and leaves no timer', async () => {
      node.start();
      await pass(10);
      join('ann');
      await node.stop();
      await node.stop();
      expect(store.calls.at(-1)).toBe('unregister n1');
      const [beats, applied] = [store.beats.length, store.applied.length];
      feed.publish(0, []);
      join('bob');
      await pass(3 * INTERVAL_MS);
      expect([store.beats.length, store.applied.length]).toEqual([beats, applied]);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('stops beating and writing at once though the store does not answer', async () => {
      store.onRegister = () => gate<never>().promise;
      node.start();
      await pass(10);
      void node.stop();
      await pass(INTERVAL_MS);
      const before = store.beats.length;
      await pass(3 * INTERVAL_MS);
      expect(store.beats).toHaveLength(before);
      // The rest of this test's node: nothing else waits for that answer.
      store.onRegister = async (self) => [self];
      node = { stop: async () => undefined } as unknown as PresenceNode;
    });
  });
});
