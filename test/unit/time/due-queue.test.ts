import { describe, expect, it } from 'vitest';
import { DueQueue } from '../../../src/time/due-queue.ts';
import { FakeTime } from '../fanout/rig.ts';

describe('the queue of what is due', () => {
  it('serves any number of items with one timer', () => {
    const time = new FakeTime();
    const due: string[] = [];
    const queue = new DueQueue<string>(20, time, (items, now) => due.push(`${now}:${items.join()}`));
    queue.add('a', time.now());
    queue.add('b', time.now());
    time.advance(5);
    queue.add('c', time.now());
    expect([time.timers, queue.size]).toEqual([1, 3]);
    time.advance(15);
    expect(due).toEqual(['1020:a,b']);
    time.advance(5);
    expect(due).toEqual(['1020:a,b', '1025:c']);
    expect([time.timers, queue.size]).toEqual([0, 0]);
  });

  it('waits on when a timer is early', () => {
    const time = new FakeTime();
    const due: number[] = [];
    const hasty = { now: time.now, schedule: (run: () => void, ms: number) => time.schedule(run, ms - 0.6) };
    const queue = new DueQueue<string>(20, hasty, (_, now) => due.push(now));
    queue.add('a', time.now());
    time.advance(19.5);
    expect(due).toEqual([]);
    time.advance(2);
    expect(due).toHaveLength(1);
    expect(due[0]).toBeGreaterThanOrEqual(1020);
  });

  it('takes items that are added while it calls back', () => {
    const time = new FakeTime();
    let times = 0;
    const queue: DueQueue<string> = new DueQueue(20, time, (_, now) => {
      times += 1;
      if (times < 3) queue.add('again', now);
    });
    queue.add('a', time.now());
    time.advance(60);
    expect(times).toBe(3);
  });

  it('calls nobody once it was cleared', () => {
    const time = new FakeTime();
    const queue = new DueQueue<string>(20, time, () => expect.unreachable());
    queue.add('a', time.now());
    queue.clear();
    expect(time.timers).toBe(0);
    time.advance(100);
  });

  it('calls back for all that waits once it is stopped, and for all that comes after', () => {
    const time = new FakeTime();
    const due: string[] = [];
    const queue = new DueQueue<string>(20, time, (items) => due.push(...items));
    queue.add('a', time.now());
    time.advance(5);
    queue.add('b', time.now());
    queue.stop();
    queue.stop();
    queue.add('c', time.now());
    expect(due).toEqual(['a', 'b', 'c']);
    expect([time.timers, queue.size]).toEqual([0, 0]);
  });
});
