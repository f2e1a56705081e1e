import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeMember, ok } from './fakes.ts';
import { freezeTime, pass, Rig } from './rig.ts';

const PARTITIONS = 16;
const JOINS = 5000;

describe('how long a change waits to be written, and how often a partition writes', () => {
  let rig: Rig;
  beforeEach(freezeTime);
  afterEach(() => {
    rig.stop();
    vi.useRealTimers();
  });

  /** Users join, evenly spread over time and partitions. */
  const storm = async (
    perSecond: number,
    callMs: number,
  ): Promise<{ calls: number; waits: readonly number[] }> => {
    rig = new Rig(PARTITIONS);
    rig.store.onApply = async () => {
      await new Promise((resolve) => setTimeout(resolve, callMs));
      return ok();
    };
    const beats = setInterval(() => {
      for (const { partition } of rig.states) rig.beat(partition);
    }, 2000);
    const waits: number[] = [];
    let joined = 0;
    for (let ms = 1; joined < JOINS; ms += 1) {
      const due = Math.min(JOINS, Math.floor((ms * perSecond) / 1000));
      for (; joined < due; joined += 1) {
        const at = performance.now();
        const member = new FakeMember(`user ${String.fromCharCode(joined)}`);
        void rig.roster.join(member).then(() => waits.push(performance.now() - at));
      }
      await pass(1);
    }
    await pass(1000);
    clearInterval(beats);
    expect(rig.flusher.idle).toBe(true);
    return { calls: rig.store.applied.length, waits: waits.sort((a, b) => a - b) };
  };

  // Gathering in a storm once spared the store calls, and let people wait for up to 400 ms.
  it.each([300, 600, 2000, 5000, 20_000])(
    '%i joins a second to a quick store: nobody waits for company',
    async (perSecond) => {
      const { waits } = await storm(perSecond, 1);
      expect(waits).toHaveLength(JOINS);
      // The call of those before, the own one, and how exact the clock of the test is.
      expect(waits.at(-1)).toBeLessThanOrEqual(3);
    },
  );

  it.each([
    { callMs: 20, share: 0.25 },
    { callMs: 100, share: 0.05 },
  ])(
    'calls of $callMs ms: 5,000 joins a second make at most $share times as many',
    async ({ callMs, share }) => {
      const { calls, waits } = await storm(5000, callMs);
      expect(calls).toBeLessThanOrEqual(JOINS * share);
      expect(waits.at(-1)).toBeLessThanOrEqual(2 * callMs + 2);
    },
  );
});
