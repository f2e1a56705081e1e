import { describe, expect, it } from 'vitest';
import { Rig } from './rig.ts';

describe('metrics', () => {
  it('count each transition once a node, watched or not', async () => {
    const rig = new Rig();
    for (let n = 0; n < 3; n += 1) await rig.watching({ users: ['a'], tenant: true });
    rig.event('a', 1, 'away', { reason: 'idle' });
    rig.event('b', 1, 'online', { reason: 'connect' });
    await rig.watching({ users: ['x'] }, 'other');
    const count = (status: string, reason: string): Promise<number> =>
      rig.metric('rollcall_transitions_total', { status, reason });
    expect(await count('away', 'idle')).toBe(1);
    expect(await count('online', 'connect')).toBe(1);
  });

  it('tell how much is watched and cached', async () => {
    const rig = new Rig();
    const one = await rig.watching({ users: ['a', 'b'] });
    const two = await rig.watching({ users: ['b', 'c'] });
    expect(await rig.metric('rollcall_watches')).toBe(4);
    expect(await rig.metric('rollcall_cached_views')).toBe(3);
    one.watcher.unwatch({ users: ['b'] });
    expect(await rig.metric('rollcall_watches')).toBe(3);
    two.watcher.close();
    expect(await rig.metric('rollcall_watches')).toBe(1);
    expect(await rig.metric('rollcall_cached_views')).toBe(1);
  });

  it('tell how long a transition took to the first socket, once, and never less than nothing', async () => {
    let ahead = 0;
    const rig: Rig = new Rig({
      options: {
        clock: { monotonic: () => rig.time.ms, wall: () => 1_795_262_400_000 + rig.time.ms + ahead },
      },
    });
    await rig.watching({ users: ['a', 'b'] });
    await rig.watching({ users: ['a', 'b'] });
    const id = (): number => (1_795_262_400_000 + rig.time.ms) * 1000;
    rig.event('nobody', 1, 'online', { id: id() });
    expect(await rig.metric('rollcall_fanout_latency_seconds', {})).toBe(0);
    const sum = async (): Promise<readonly [number, number]> => {
      const metric = await rig.metrics.fanoutSeconds.get();
      const of = (suffix: string): number =>
        metric.values.find(({ metricName }) => metricName?.endsWith(suffix))?.value ?? -1;
      return [of('_count'), of('_sum')];
    };
    ahead = 250;
    rig.event('a', 1, 'online', { id: id() });
    expect(await sum()).toEqual([1, 0.25]);
    ahead = -5000; // The clock of Redis is ahead of ours.
    rig.event('b', 1, 'online', { id: id() });
    rig.time.advance(50);
    expect(await sum()).toEqual([2, 0.25]);
  });

  it('count frames and conflated views', async () => {
    const rig = new Rig();
    await rig.watching({ users: ['a'] });
    const frames = await rig.metric('rollcall_presence_frames_sent_total');
    expect(frames).toBe(1);
    for (const ver of [1, 2, 3]) rig.event('a', ver);
    rig.time.advance(50);
    expect(await rig.metric('rollcall_presence_frames_sent_total')).toBe(3);
    expect(await rig.metric('rollcall_conflated_total')).toBe(1);
  });
});
