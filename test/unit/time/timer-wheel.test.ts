import { describe, expect, it } from 'vitest';
import { TimerWheel, type WheelItem } from '../../../src/time/timer-wheel.ts';

const TICK = 100;

class Item implements WheelItem {
  slot = 0;
  readonly looks: number[] = [];
  readonly fired: number[] = [];
  deadline: number;
  /** Told after firing. */
  next: number | undefined;

  constructor(deadline: number) {
    this.deadline = deadline;
  }

  check(now: number): number | undefined {
    this.looks.push(now);
    if (now < this.deadline) return this.deadline;
    this.fired.push(now);
    if (this.next === undefined) return undefined;
    this.deadline = this.next;
    this.next = undefined;
    return this.deadline;
  }
}

/** A wheel and the clock it goes by. */
const setUp = (start = 0) => {
  const clock = { now: start };
  const errors: unknown[] = [];
  const wheel = new TimerWheel({
    monotonic: () => clock.now,
    tickMs: TICK,
    onError: (error) => errors.push(error),
  });
  /** Lets time pass as it does while the process runs. */
  const run = (ms: number) => {
    for (let passed = 0; passed < ms; passed += TICK) {
      clock.now += TICK;
      wheel.advance();
    }
  };
  /** The process stands still, and wakes. */
  const stall = (ms: number) => {
    clock.now += ms;
    wheel.advance();
  };
  const item = (deadline: number) => {
    const made = new Item(deadline);
    wheel.schedule(made, deadline);
    return made;
  };
  return { clock, wheel, errors, run, stall, item };
};

describe('a deadline', () => {
  it.each([0, 1, 99, 100, 101, 250, 5000, 51_100, 51_200, 51_300, 100_000, 3_600_000])(
    'of %i ms comes up at most one tick late and never early',
    (deadline) => {
      const { run, item } = setUp();
      const made = item(deadline);
      run(deadline + 3 * TICK);
      expect(made.fired).toHaveLength(1);
      expect(made.fired[0]).toBeGreaterThanOrEqual(deadline);
      expect(made.fired[0]).toBeLessThanOrEqual(deadline + TICK);
    },
  );

  it('counts from any beginning', () => {
    const { run, item } = setUp(1_234_567_891.5);
    const made = item(1_234_567_891.5 + 777);
    run(2000);
    expect(made.fired).toHaveLength(1);
    expect(made.fired[0]).toBeGreaterThanOrEqual(1_234_567_891.5 + 777);
  });

  it('in the past comes up at the next tick', () => {
    const { run, item } = setUp(10_000);
    const made = item(5);
    run(TICK);
    expect(made.fired).toEqual([10_000 + TICK]);
  });

  it('far away is looked at rarely', () => {
    const { run, item } = setUp();
    const made = item(500_000);
    run(500_000 + TICK);
    expect(made.fired).toHaveLength(1);
    expect(made.looks.length).toBeLessThan(12);
  });

  it('months away needs no timer that long', () => {
    const { run, item, wheel } = setUp();
    const made = item(40 * 86_400_000);
    run(60_000);
    expect(made.looks).toHaveLength(1);
    wheel.start();
    wheel.stop();
  });

  it('is followed by the one the item names', () => {
    const { run, item } = setUp();
    const made = item(300);
    made.next = 900;
    run(2000);
    expect(made.fired).toEqual([300, 900].map((time) => Math.ceil(time / TICK) * TICK));
  });

  it('moved away costs one look at the old place', () => {
    const { run, item } = setUp();
    const made = item(300);
    made.deadline = 5000;
    run(6000);
    expect(made.looks).toHaveLength(2);
    expect(made.fired).toHaveLength(1);
  });

  it('moved nearer comes up once, there', () => {
    const { run, item, wheel } = setUp();
    const made = item(5000);
    made.deadline = 300;
    wheel.schedule(made, 300);
    run(6000);
    expect(made.looks).toHaveLength(1);
    expect(made.fired[0]).toBeLessThanOrEqual(400);
  });

  it('is not moved away by asking for a later one', () => {
    const { run, item, wheel } = setUp();
    const made = item(300);
    wheel.schedule(made, 5000);
    run(500);
    expect(made.fired).toHaveLength(1);
  });

  it('is forgotten when cancelled', () => {
    const { run, item, wheel } = setUp();
    const made = item(300);
    wheel.cancel(made);
    wheel.cancel(made);
    run(60_000);
    expect(made.looks).toEqual([]);
  });
});

describe('a process that stood still', () => {
  it('does not count the time it did not run', () => {
    const { run, stall, item, wheel } = setUp();
    run(1000);
    const made = item(wheel.now + 10_000);
    stall(20_000);
    expect(made.fired).toEqual([]);
    run(9000);
    expect(made.fired).toEqual([]);
    run(1200);
    expect(made.fired).toHaveLength(1);
  });

  it('counts a hiccup of less than a second', () => {
    const { run, stall, item, wheel } = setUp();
    run(1000);
    const made = item(wheel.now + 1000);
    stall(1050);
    expect(made.fired).toHaveLength(1);
  });

  it('catches up with what is due by the time it did run', () => {
    const { run, stall, item, wheel } = setUp();
    run(1000);
    const due = item(wheel.now + 50);
    stall(3_600_000);
    expect(due.fired).toHaveLength(1);
  });
});

it('goes on when an item throws, and looks at that one again', () => {
  const { run, item, errors } = setUp();
  const before = item(1000);
  const broken = item(1000);
  const after = item(1000);
  const check = broken.check.bind(broken);
  let left = 2;
  broken.check = (now) => {
    if (left-- > 0) throw new Error('planted');
    return check(now);
  };
  run(1200);
  expect([before.fired.length, after.fired.length, errors.length]).toEqual([1, 1, 1]);
  run(2200);
  expect(errors).toHaveLength(2);
  expect(broken.fired).toHaveLength(1);
});

it('looks at very many without forgetting one', () => {
  const { run, item } = setUp();
  const items = Array.from({ length: 5000 }, (_, i) => item((i * 7919) % 120_000));
  run(121_000);
  expect(items.every((made) => made.fired.length === 1)).toBe(true);
  expect(items.every((made) => made.fired[0] !== undefined && made.fired[0] - made.deadline <= TICK)).toBe(
    true,
  );
});
