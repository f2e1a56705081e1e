import { describe, expect, it } from 'vitest';
import { FairTurns, inTurn, type Work } from '../../../src/fanout/fair-turns.ts';

/** Turns on a loop that is stepped by hand: each piece of work takes as long as it says. */
const loop = () => {
  let now = 0;
  const next: (() => void)[] = [];
  const done: string[] = [];
  const errors: unknown[] = [];
  const turns = new FairTurns({
    now: () => now,
    sliceMs: 5,
    onError: (error) => void errors.push(error),
    yieldFirst: (go) => void next.push(go),
  });
  const work = (
    person: string,
    what: string,
    { ms = 1, cost = ms }: { ms?: number; cost?: number } = {},
  ): Work => ({
    person,
    run: () => {
      now += ms;
      done.push(what);
      return cost;
    },
  });
  const add = (...of: Parameters<typeof work>): void => turns.add(work(...of));
  return {
    turns,
    add,
    work,
    done,
    errors,
    /** One turn of the loop. @returns what was done in it. */
    step: (): string[] => {
      const from = done.length;
      for (const go of next.splice(0)) go();
      return done.slice(from);
    },
    drain: (): void => {
      while (next.length > 0) for (const go of next.splice(0)) go();
    },
    pass: (ms: number): void => {
      now += ms;
    },
    /** Makes the loop busy, so that what comes next waits. */
    fill: (): void => {
      for (let n = 0; n < 5; n += 1) add('filler', 'fill');
      done.length = 0;
    },
  };
};

describe('work on a loop that has time', () => {
  it('is done at once', () => {
    const { add, done, turns } = loop();
    add('anna', 'one');
    add('bob', 'two');
    expect(done).toEqual(['one', 'two']);
    expect(turns.size).toBe(0);
  });

  it('waits once a few milliseconds were spent in one turn of the loop, and is done in the next', () => {
    const { add, done, step, turns } = loop();
    for (let n = 1; n <= 7; n += 1) add('anna', `${n}`);
    expect(done).toEqual(['1', '2', '3', '4', '5']);
    expect(turns.busy).toBe(true);
    expect(step()).toEqual(['6', '7']);
    step();
    expect(turns.busy).toBe(false);
  });
});

describe('work that waits', () => {
  it('of one person with a thousand pieces delays another by one piece', () => {
    const { add, drain, done, fill } = loop();
    fill();
    for (let n = 0; n < 1000; n += 1) add('mallory', `m${n}`);
    add('anna', 'ping');
    drain();
    expect(done.indexOf('ping')).toBeLessThanOrEqual(1);
    expect(done).toHaveLength(1001);
  });

  it('of many people who ask for much lets whoever asks for little go first, whenever they come', () => {
    const { add, step, done, fill } = loop();
    fill();
    for (let n = 0; n < 20; n += 1)
      for (let person = 0; person < 100; person += 1) add(`mallory-${person}`, 'm', { ms: 2, cost: 50 });
    // Two rounds: everybody has had something by then.
    while (done.length < 200) step();
    const waits: number[] = [];
    for (let look = 0; look < 10; look += 1) {
      const before = done.length;
      add('anna', 'ping', { ms: 0.05, cost: 1 });
      expect(step()).toContain('ping');
      waits.push(done.indexOf('ping', before) - before);
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(1);
  });

  it('of many people who each ask for little lets whoever asks for least go first', () => {
    const { add, step, done, fill } = loop();
    fill();
    for (let n = 0; n < 20; n += 1)
      for (let person = 0; person < 100; person += 1) add(`mallory-${person}`, 'm', { ms: 0.5, cost: 1 });
    while (done.length < 500) step();
    for (let look = 0; look < 3; look += 1) {
      add('anna', 'ping', { ms: 0.5, cost: 1 });
      expect(step()).toContain('ping');
    }
  });

  it('of somebody who was given much waits for a while only, however much others ask for', () => {
    const { add, step, done, fill } = loop();
    fill();
    add('mallory', 'm', { ms: 1, cost: 100_000 });
    step();
    add('mallory', 'again');
    const others = (): void => {
      for (let person = 0; person < 20; person += 1) add(`person-${person}`, 'p', { ms: 1, cost: 100 });
    };
    others();
    const turns = 20_000 / 5;
    for (let turn = 0; turn < turns && !done.includes('again'); turn += 1) {
      if (turn % 4 === 0) others();
      step();
    }
    expect(done).toContain('again');
    expect(done.length).toBeLessThan(15_000);
  });

  it('is shared alike however long the loop is busy', () => {
    const { add, step, done, fill, pass } = loop();
    fill();
    // More half-lives than the exponent of a number holds.
    for (let minute = 0; minute < 60; minute += 1) {
      add('mallory', 'm', { cost: 50 });
      add('keeper', 'k');
      pass(60_000);
      for (let n = 0; n < 4; n += 1) add('mallory', 'm', { ms: 2, cost: 50 });
      add('anna', 'ping');
      const before = done.length;
      step();
      expect(done.slice(before, before + 4)).toContain('ping');
      step();
      step();
    }
  });

  it('is shared by what it costs, not by how many pieces it is', () => {
    const { add, step, done, fill } = loop();
    fill();
    for (let n = 0; n < 200; n += 1) add('large', 'large', { cost: 10 });
    for (let n = 0; n < 200; n += 1) add('small', 'small', { cost: 1 });
    while (done.length < 110) step();
    expect(done.filter((what) => what === 'small').length).toBeGreaterThan(90);
  });

  it('of one person keeps its order', () => {
    const { add, drain, done, fill } = loop();
    fill();
    for (let n = 0; n < 50; n += 1) {
      add('anna', `a${n}`);
      add('bob', `b${n}`);
    }
    drain();
    for (const name of ['a', 'b']) {
      const own = done.filter((what) => what.startsWith(name));
      expect(own).toEqual(Array.from({ length: 50 }, (_, n) => `${name}${n}`));
    }
  });

  it('leaves the loop to others every few milliseconds', () => {
    const { add, step, fill } = loop();
    fill();
    for (let n = 0; n < 100; n += 1) add(`person-${n % 7}`, 'w');
    expect(step()).toHaveLength(5);
    expect(step()).toHaveLength(5);
  });

  it('is not held up by work that fails', () => {
    const { add, turns, drain, done, errors, fill } = loop();
    fill();
    turns.add({
      person: 'mallory',
      run: () => {
        throw new Error('broken');
      },
    });
    add('mallory', 'next');
    drain();
    expect(errors).toHaveLength(1);
    expect(done).toEqual(['next']);
  });

  it('may add to itself, behind what others have waiting', () => {
    const { turns, add, drain, done, fill, work } = loop();
    fill();
    let left = 3;
    const again: Work = {
      person: 'anna',
      run: () => {
        left -= 1;
        if (left > 0) turns.add(again);
        return work('anna', 'again').run();
      },
    };
    turns.add(again);
    add('bob', 'b');
    drain();
    expect(done).toEqual(['again', 'b', 'again', 'again']);
  });

  it('remembers what somebody cost for a moment, and not for ever', () => {
    const { add, drain, done, fill, pass } = loop();
    fill();
    add('mallory', 'm', { cost: 1000 });
    add('anna', 'a');
    drain();
    fill();
    add('mallory', 'm');
    add('anna', 'a');
    drain();
    expect(done.filter((what) => what !== 'fill')).toEqual(['a', 'm']);
    pass(2000);
    fill();
    add('mallory', 'm');
    add('anna', 'a');
    drain();
    expect(done.filter((what) => what !== 'fill')).toEqual(['m', 'a']);
  });

  it('is awaited by its result or its error', async () => {
    const { turns, drain, fill } = loop();
    fill();
    let acted = false;
    const settled = inTurn(turns, 'anna', () => {
      acted = true;
      return 1;
    });
    const failed = inTurn(turns, 'anna', () => {
      throw new Error('not allowed');
    });
    expect(acted).toBe(false);
    drain();
    await settled;
    await expect(failed).rejects.toThrow('not allowed');
  });
});
