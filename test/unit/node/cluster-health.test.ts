import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClusterHealth } from '../../../src/node/cluster-health.ts';
import type { PartitionState } from '../../../src/node/partition-state.ts';
import type { BeatReply } from '../../../src/store/port/leases.ts';
import { beaten, contextOf, FakeStore, silent } from './fakes.ts';
import { freezeTime, pass } from './rig.ts';

const INTERVAL_MS = 2000;
const TTL_MS = 6000;

describe('the health of a node', () => {
  let states: readonly PartitionState[];
  let linkUp: boolean;
  /** What the link calls when it comes up or goes down. */
  let turned: () => void;
  let informed: boolean;
  /** What was told at each return of the link. */
  let late: number[];
  let told: boolean[];
  /** Lines of the log. */
  let logged: string[];
  let stuck: boolean;
  let lag: number;
  let health: ClusterHealth;
  let beats: NodeJS.Timeout | undefined;

  const now = (): number => performance.now();
  const beat = (over: Partial<BeatReply> = {}, partitions = states): void => {
    for (const state of partitions) state.answered(beaten(over), now(), now());
    health.refresh();
  };
  const keepBeating = (): void => {
    beat();
    beats = setInterval(beat, INTERVAL_MS);
  };

  beforeEach(() => {
    freezeTime();
    linkUp = true;
    informed = true;
    stuck = false;
    lag = 0;
    late = [];
    logged = [];
    told = [];
    const context = contextOf(new FakeStore(2), {
      intervalMs: INTERVAL_MS,
      ttlMs: TTL_MS,
      logger: Object.assign(Object.create(silent), {
        info: (line: string) => logged.push(line),
        warn: (line: string) => logged.push(line),
      }),
    });
    states = context.partitions.list;
    health = new ClusterHealth(context, {
      link: {
        get up() {
          return linkUp;
        },
        onTurn: (listener) => {
          turned = listener;
          return () => undefined;
        },
      },
      revocations: {
        get complete() {
          return informed;
        },
      },
      flusher: { isStuck: () => stuck, lag: () => lag },
    });
    health.onLinkUp((lateMs) => late.push(lateMs));
    health.onDegraded((degraded) => told.push(degraded));
    health.start();
  });
  afterEach(() => {
    clearInterval(beats);
    health.stop();
    vi.useRealTimers();
  });

  it('is neither trusted nor ready before it has beaten in every partition', () => {
    beat({}, states.slice(0, 1));
    expect([health.degraded, health.ready]).toEqual([true, false]);
    beat({}, states.slice(1));
    expect([health.degraded, health.ready]).toEqual([false, true]);
    expect(told).toEqual([false]);
  });

  it('is not ready before it knows whose tokens are refused, and stays so whatever happens to that list', () => {
    informed = false;
    beat();
    expect([health.degraded, health.ready]).toEqual([false, false]);
    informed = true;
    health.refresh();
    expect(health.ready).toBe(true);
    informed = false;
    health.refresh();
    expect(health.ready).toBe(true);
  });

  it('nor while a partition has not come of age', () => {
    beat({ young: true });
    expect([health.degraded, health.ready]).toEqual([true, false]);
    beat();
    expect([health.degraded, health.ready]).toEqual([false, true]);
  });

  describe('while the store answers beats but takes no writes', () => {
    beforeEach(() => {
      keepBeating();
      told.length = 0;
    });

    it('is degraded as soon as that is known, until writes are taken again', () => {
      stuck = true;
      health.refresh();
      expect([told, health.trusted]).toEqual([[true], false]);
      stuck = false;
      health.refresh();
      expect([told, health.trusted]).toEqual([[true, false], true]);
    });

    it('is degraded by a change that waits for longer than two intervals', async () => {
      lag = 2 * INTERVAL_MS;
      await pass(INTERVAL_MS);
      expect(told).toEqual([]);
      lag += 1;
      await pass(INTERVAL_MS);
      expect([told, health.trusted]).toEqual([[true], false]);
    });

    it('is degraded by what a beat tells of another node', () => {
      beat({ stuck: true }, states.slice(1));
      expect([told, health.trusted]).toEqual([[true], false]);
      beat();
      expect([told, health.trusted]).toEqual([[true, false], true]);
    });

    it('stays ready for a whole lease, and is ready again after two good looks', async () => {
      stuck = true;
      await pass(TTL_MS + INTERVAL_MS);
      expect(health.ready).toBe(true);
      await pass(INTERVAL_MS);
      expect(health.ready).toBe(false);
      stuck = false;
      await pass(INTERVAL_MS);
      expect(health.ready).toBe(false);
      await pass(INTERVAL_MS);
      expect(health.ready).toBe(true);
      // Each turn is one line of the log.
      expect(logged).toEqual(['ready', expect.stringMatching(/^not ready: /), 'ready']);
    });
  });

  describe('when the link to the store breaks', () => {
    beforeEach(() => {
      keepBeating();
      told.length = 0;
    });

    it('is degraded at once', () => {
      linkUp = false;
      turned();
      expect(told).toEqual([true]);
    });

    it('stays so, link or no link, until a beat tells what is there: the store may have come back empty', async () => {
      await pass(500);
      clearInterval(beats);
      linkUp = false;
      health.refresh();
      await pass(100);
      linkUp = true;
      health.refresh();
      // As long as it was away, and a second in which the links of others come back.
      expect(late).toEqual([1100]);
      expect(told).toEqual([true]);
      beat({ young: true, gen: 'g2' });
      expect(told).toEqual([true]);
      beat({ gen: 'g2' });
      expect(told).toEqual([true, false]);
    });

    /** A second outage before the others were back: whoever waits for them to reconnect has waited since the first. */
    it('counts how late others may be from the first of two breaks in quick succession', async () => {
      for (const pause of [600, 300, 5000]) {
        linkUp = false;
        health.refresh();
        await pass(700);
        linkUp = true;
        health.refresh();
        await pass(pause);
      }
      // All has long been over by then.
      linkUp = false;
      health.refresh();
      await pass(100);
      linkUp = true;
      health.refresh();
      expect(late).toEqual([1700, 3000, 4000, 1100]);
    });

    it('does not take a beat that was sent before for news', async () => {
      const sentAt = now();
      await pass(100);
      linkUp = false;
      health.refresh();
      linkUp = true;
      health.refresh();
      for (const state of states) state.answered(beaten(), sentAt, now());
      health.refresh();
      expect(health.degraded).toBe(true);
    });

    it('stays ready for a whole lease, and is ready again after two good looks', async () => {
      clearInterval(beats);
      linkUp = false;
      health.refresh();
      await pass(TTL_MS);
      expect(health.ready).toBe(true);
      await pass(INTERVAL_MS);
      expect(health.ready).toBe(false);
      linkUp = true;
      keepBeating();
      await pass(INTERVAL_MS);
      expect(health.ready).toBe(false);
      await pass(INTERVAL_MS);
      expect(health.ready).toBe(true);
    });
  });

  it('is degraded when a single partition has been silent for two heartbeats', async () => {
    beat();
    const others = setInterval(() => beat({}, states.slice(1)), INTERVAL_MS);
    await pass(2 * INTERVAL_MS);
    expect(health.degraded).toBe(false);
    await pass(INTERVAL_MS);
    clearInterval(others);
    expect(health.degraded).toBe(true);
  });

  it('a loss of data later degrades it and leaves it ready', async () => {
    keepBeating();
    await pass(3 * INTERVAL_MS);
    clearInterval(beats);
    beats = setInterval(() => beat({ young: true }), INTERVAL_MS);
    await pass(5 * INTERVAL_MS);
    expect([health.degraded, health.ready]).toEqual([true, true]);
  });

  it('tells every listener, also after one that throws, and nobody who left', () => {
    const leave = health.onDegraded(() => {
      throw new Error('a listener');
    });
    const after = vi.fn();
    const gone = vi.fn();
    health.onDegraded(after);
    health.onDegraded(gone)();
    beat();
    expect(after).toHaveBeenCalledWith(false);
    expect(gone).not.toHaveBeenCalled();
    leave();
  });

  it('draining is not ready, for good', async () => {
    keepBeating();
    health.drain();
    expect(health.ready).toBe(false);
    await pass(5 * INTERVAL_MS);
    expect(health.ready).toBe(false);
  });

  it('leaves no timer', () => {
    health.start();
    health.stop();
    health.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
