import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeMember, ok } from './fakes.ts';
import { freezeTime, pass, Rig, turn } from './rig.ts';

const PARTITIONS = 16;
const JOINS = 5000;

describe('how often a partition writes', () => {
  let rig: Rig;
  beforeEach(freezeTime);
  afterEach(() => {
    rig.stop();
    vi.useRealTimers();
  });

  /** Users join, evenly spread over time and partitions; each call takes 1 ms. */
  const storm = async (perSecond: number): Promise<{ calls: number; waits: readonly number[] }> => {
    rig = new Rig(PARTITIONS);
    rig.store.onApply = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
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

  it.each([
    { perSecond: 500, share: 0.105 },
    { perSecond: 1500, share: 0.07 },
    { perSecond: 5000, share: 0.05 },
    { perSecond: 20_000, share: 0.05 },
  ])(
    '5,000 joins at $perSecond a second make at most $share times as many calls',
    async ({ perSecond, share }) => {
      const { calls, waits } = await storm(perSecond);
      expect(calls).toBeLessThanOrEqual(JOINS * share);
      expect(waits).toHaveLength(JOINS);
      expect(waits.at(-1)).toBeLessThanOrEqual(410);
    },
  );

  it('a full batch does not wait for the pace', async () => {
    const { waits } = await storm(20_000);
    expect(waits[JOINS / 2]).toBeLessThanOrEqual(30);
  });

  it('below a storm nobody waits for others', async () => {
    const { waits } = await storm(100);
    expect(waits.at(-1)).toBeLessThanOrEqual(5);
  });

  it('a lone change goes at once, also soon after a storm', async () => {
    await storm(5000);
    await pass(400);
    const before = rig.store.applied.length;
    void rig.roster.join(new FakeMember('late'));
    await turn();
    expect(rig.store.applied).toHaveLength(before + 1);
  });

  it('something urgent takes along what gathers', async () => {
    rig = new Rig();
    const members = Array.from({ length: 8 }, (_, i) => new FakeMember(`user${i}`));
    for (const member of members.slice(0, 4)) {
      void rig.roster.join(member);
      await turn();
    }
    for (const member of members.slice(4)) void rig.roster.join(member);
    await turn();
    // Three went by themselves; the others would go on gathering.
    expect(rig.store.told).toEqual([['user0 1'], ['user1 1'], ['user2 1']]);
    rig.roster.claim({ tenant: 'acme', user: 'user0' }, { status: 'busy' }).catch(() => undefined);
    await turn();
    expect(rig.store.told.at(-1)).toEqual(['user3 1', 'user4 1', 'user5 1', 'user6 1', 'user7 1', 'user0 1']);
  });
});
