import { describe, expect, it, vi } from 'vitest';
import { Losses } from '../../../src/events/losses.ts';

const start = () => {
  vi.useFakeTimers();
  const onSettled = vi.fn();
  const losses = new Losses({ partitions: 3, waitMs: 6000, onSettled });
  return { losses, onSettled };
};
const hear = (losses: Losses, ...partitions: number[]): void => {
  for (const partition of partitions) losses.heard(partition);
};

describe('a loss of data', () => {
  it('is complete when every partition was heard from after the first that showed it', () => {
    const { losses, onSettled } = start();
    hear(losses, 0, 1, 2);
    expect(onSettled).not.toHaveBeenCalled();
    losses.found(1);
    hear(losses, 1);
    losses.found(2);
    hear(losses, 2, 1, 2);
    expect([losses.isOpen, onSettled.mock.calls.length]).toEqual([true, 0]);
    hear(losses, 0);
    expect([losses.isOpen, onSettled.mock.calls.length]).toEqual([false, 1]);
    vi.advanceTimersByTime(60_000);
    expect(onSettled).toHaveBeenCalledOnce();
  });

  it('is another one in a partition that was heard from, and both are told together', () => {
    const { losses, onSettled } = start();
    losses.found(1);
    hear(losses, 0, 1);
    losses.found(0);
    hear(losses, 0, 2);
    expect(onSettled).not.toHaveBeenCalled();
    hear(losses, 1);
    expect(onSettled).toHaveBeenCalledOnce();
  });

  it('does not wait for ever for a partition that is unreachable', () => {
    const { losses, onSettled } = start();
    losses.suspect();
    vi.advanceTimersByTime(5999);
    expect(onSettled).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onSettled).toHaveBeenCalledOnce();
    losses.found(0);
    losses.stop();
    vi.advanceTimersByTime(60_000);
    expect(onSettled).toHaveBeenCalledOnce();
  });
});
