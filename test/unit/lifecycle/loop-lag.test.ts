import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LoopLag } from '../../../src/lifecycle/loop-lag.ts';

describe('the event loop', () => {
  let stalled: number;
  let lag: LoopLag;
  beforeEach(() => {
    vi.useFakeTimers();
    stalled = 0;
    lag = new LoopLag(() => performance.now() + stalled);
    lag.start();
    lag.start();
  });
  afterEach(() => {
    lag.stop();
    vi.useRealTimers();
  });

  it('that keeps up is not overloaded', async () => {
    await vi.advanceTimersByTimeAsync(5000);
    expect(lag.overloaded).toBe(false);
  });

  it('is overloaded once a look is more than a second late, and says so before the look comes', async () => {
    await vi.advanceTimersByTimeAsync(500);
    stalled += 1200;
    expect(lag.overloaded).toBe(false);
    stalled += 100;
    expect(lag.overloaded).toBe(true);
    await vi.advanceTimersByTimeAsync(250);
    expect(lag.overloaded).toBe(true);
  });

  it('is no longer once a look came in time', async () => {
    stalled += 3000;
    await vi.advanceTimersByTimeAsync(250);
    expect(lag.overloaded).toBe(true);
    await vi.advanceTimersByTimeAsync(250);
    expect(lag.overloaded).toBe(false);
  });

  it('is not looked at any more after stopping', async () => {
    stalled += 3000;
    await vi.advanceTimersByTimeAsync(250);
    expect(lag.overloaded).toBe(true);
    lag.stop();
    expect(lag.overloaded).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});
