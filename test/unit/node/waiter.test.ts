import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeadlineQueue, Waiter } from '../../../src/node/deadline-queue.ts';
import { freezeTime, pass } from './rig.ts';

describe('waiting under a deadline', () => {
  let queue: DeadlineQueue;
  let said: string[];
  beforeEach(() => {
    freezeTime();
    queue = new DeadlineQueue(1000, () => performance.now());
    said = [];
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const wait = (who: string): Waiter => {
    const waiter = new Waiter(
      () => said.push(`${who} stored`),
      () => said.push(`${who} expired`),
    );
    queue.add(waiter);
    return waiter;
  };

  it('each gives up at their own time, in order, on one timer', async () => {
    wait('ann');
    await pass(400);
    wait('bob');
    wait('cleo');
    expect(vi.getTimerCount()).toBe(1);
    await pass(590);
    expect(said).toEqual([]);
    await pass(10);
    expect(said).toEqual(['ann expired']);
    await pass(400);
    expect(said).toEqual(['ann expired', 'bob expired', 'cleo expired']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('who was answered is not called back', async () => {
    const ann = wait('ann');
    ann.store();
    ann.store();
    await pass(2000);
    expect(said).toEqual(['ann stored']);
    expect(ann.settled).toBe(true);
  });

  it('an answer that comes too late is none', async () => {
    const ann = wait('ann');
    await pass(1000);
    ann.store();
    expect(said).toEqual(['ann expired']);
  });

  it('stopping calls back everybody, and whoever comes after', () => {
    wait('ann');
    queue.stop();
    queue.stop();
    wait('bob');
    expect(said).toEqual(['ann expired', 'bob expired']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
