import { beforeEach, describe, expect, it } from 'vitest';
import fc from '../../support/fast-check.ts';
import { FeedRig, message, settled } from './rig.ts';

describe('the feed of a partition', () => {
  let rig: FeedRig;
  beforeEach(() => {
    rig = new FeedRig();
  });
  const hear = (...messages: ReturnType<typeof message>[]): void => {
    for (const one of messages) rig.feed.receive(one);
  };

  describe('begins', () => {
    it('where a heartbeat says: what was before is none of its business', () => {
      expect(rig.feed.expect('g1', 50)).toBe(false);
      hear(message(30, [40, 50]), message(50, [60]));
      expect(rig.seen).toEqual([60]);
    });

    it('with the first message, when that comes first', () => {
      hear(message(30, [40]), message(40, [50]));
      expect(rig.seen).toEqual([40, 50]);
      expect(rig.feed.expect('g1', 50)).toBe(false);
    });

    it('with an empty log', () => {
      rig.feed.expect('g1', 0);
      hear(message(0, [10]));
      expect(rig.seen).toEqual([10]);
    });
  });

  it('delivers synchronously, every entry in order', () => {
    rig.feed.expect('g1', 0);
    hear(rig.write(1, 2, 3), rig.write(4), rig.write(5, 6));
    expect(rig.seen).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rig.reads).toBe(0);
  });

  it('drops what it delivered already', () => {
    rig.feed.expect('g1', 0);
    const first = rig.write(1, 2);
    hear(first, rig.write(3), first);
    expect(rig.seen).toEqual([1, 2, 3]);
  });

  describe('with a gap', () => {
    beforeEach(() => {
      rig.feed.expect('g1', 0);
      hear(rig.write(1));
    });

    it('reads the log before anything newer goes out', async () => {
      rig.write(2, 3, 4);
      hear(rig.write(5), rig.write(6));
      expect(rig.seen).toEqual([1]);
      await settled();
      expect(rig.seen).toEqual([1, 2, 3, 4, 5, 6]);
      expect([rig.reads, await rig.gaps()]).toEqual([1, 1]);
    });

    it('delivers nothing twice that the log gave while messages waited', async () => {
      let open = (): void => undefined;
      rig.pause = new Promise((resolve) => {
        open = resolve;
      });
      rig.write(2);
      hear(rig.write(3));
      // Recorded before the read, told after it began.
      hear(rig.write(4));
      open();
      await settled();
      hear(rig.write(5));
      expect(rig.seen).toEqual([1, 2, 3, 4, 5]);
    });

    it('that opens again among what waited reads again', async () => {
      let open = (): void => undefined;
      rig.pause = new Promise((resolve) => {
        open = resolve;
      });
      rig.write(2);
      hear(rig.write(3));
      await settled();
      // The log as it was read did not have these two yet; the first of them was never heard of.
      const [unheard, heard] = [[4], [5]];
      const late = message(4, heard);
      open();
      rig.pause = undefined;
      await settled();
      rig.log.push(...unheard, ...heard);
      hear(late);
      await settled();
      expect(rig.seen).toEqual([1, 2, 3, 4, 5]);
      expect(rig.reads).toBe(2);
    });

    it('keeps no more than it may while it reads, and then reads on', async () => {
      let open = (): void => undefined;
      rig.pause = new Promise((resolve) => {
        open = resolve;
      });
      rig.page = 1000;
      rig.write(2);
      for (let id = 3; id < 25_000; id += 1) hear(rig.write(id));
      open();
      await settled();
      hear(rig.write(25_000));
      await settled();
      expect(rig.seen).toEqual(Array.from({ length: 25_000 }, (_, i) => i + 1));
      expect(rig.reads).toBeGreaterThan(1);
    });
  });

  describe('whose log cannot be read', () => {
    beforeEach(async () => {
      rig.feed.expect('g1', 0);
      hear(rig.write(1));
      rig.fails = true;
      rig.write(2);
      hear(rig.write(3));
      await settled();
    });

    it('leaves it alone until the next heartbeat, whatever comes', async () => {
      for (let id = 4; id < 50; id += 1) {
        hear(rig.write(id));
        await settled();
      }
      expect([rig.reads, rig.warnings.mock.calls.length]).toEqual([1, 1]);
      rig.fails = false;
      rig.feed.expect('g1', 49);
      await settled();
      expect(rig.seen).toEqual(Array.from({ length: 49 }, (_, i) => i + 1));
      hear(rig.write(50));
      expect(rig.seen.at(-1)).toBe(50);
    });

    it('tries again with every heartbeat', async () => {
      rig.feed.expect('g1', 3);
      await settled();
      rig.feed.expect('g1', 3);
      await settled();
      expect(rig.reads).toBe(3);
      expect(rig.seen).toEqual([1]);
    });

    it('starts over with a new generation', () => {
      hear(message(0, [7], 'g2'));
      expect(rig.seen).toEqual([1, 'reset', 7]);
    });
  });

  describe('behind what a heartbeat told', () => {
    beforeEach(() => {
      rig.feed.expect('g1', 0);
      hear(rig.write(1));
    });

    it('says so, and reads what is missing when told to', async () => {
      rig.write(2, 3);
      expect(rig.feed.expect('g1', 3)).toBe(true);
      expect(rig.feed.isBehind('g1', 3)).toBe(true);
      rig.feed.repair();
      await settled();
      expect(rig.feed.isBehind('g1', 3)).toBe(false);
      expect(rig.seen).toEqual([1, 2, 3]);
    });

    it('is not behind what another generation told', () => {
      rig.feed.expect('g1', 900);
      rig.feed.expect('g2', 5);
      expect(rig.feed.isBehind('g1', 900)).toBe(false);
      expect(rig.feed.isBehind('g2', 5)).toBe(false);
    });

    it('reading a log that has nothing to add says nothing, also when it was trimmed up to here', async () => {
      rig.feed.repair();
      await settled();
      rig.trim(1);
      rig.feed.repair();
      await settled();
      expect(rig.seen).toEqual([1]);
      expect(await rig.gaps()).toBe(0);
    });
  });

  it('has nothing to repair before it knows where it begins', async () => {
    rig.feed.repair();
    await settled();
    expect(rig.reads).toBe(0);
  });

  describe('tells of a reset', () => {
    beforeEach(() => {
      rig.feed.expect('g1', 0);
      hear(rig.write(1), rig.write(2));
    });

    it('when the log was trimmed beyond its position, after what there is', async () => {
      rig.trim(2);
      rig.log.push(5, 6);
      hear(message(6, [7]));
      await settled();
      expect(rig.seen).toEqual([1, 2, 5, 6, 'reset', 7]);
    });

    it('once when everything it misses was trimmed, and is behind no longer', async () => {
      rig.trim(2);
      rig.feed.expect('g1', 9);
      rig.feed.repair();
      await settled();
      expect(rig.seen).toEqual([1, 2, 'reset']);
      expect(rig.feed.expect('g1', 9)).toBe(false);
      hear(message(9, [10]));
      expect(rig.seen.at(-1)).toBe(10);
    });

    it('when an entry of the log cannot be read, and goes on behind it', async () => {
      rig.damaged = true;
      rig.log.push(3, 4);
      rig.feed.expect('g1', 4);
      rig.feed.repair();
      await settled();
      expect(rig.seen).toEqual([1, 2, 3, 4, 'reset']);
      hear(rig.write(5));
      expect(rig.seen.at(-1)).toBe(5);
    });

    it('when a message brings another generation', () => {
      hear(message(0, [7, 8], 'g2'), message(8, [9], 'g2'));
      expect(rig.seen).toEqual([1, 2, 'reset', 7, 8, 9]);
    });

    it('when a heartbeat brings another generation', () => {
      expect(rig.feed.expect('g2', 40)).toBe(false);
      hear(message(40, [41], 'g2'));
      expect(rig.seen).toEqual([1, 2, 'reset', 41]);
    });

    it('when the log went back behind what was delivered', () => {
      hear(message(1, [3]));
      expect(rig.seen).toEqual([1, 2, 'reset', 3]);
    });

    it('once, though messages of the lost generation still come in', () => {
      rig.feed.expect('g2', 0);
      hear(message(2, [3]), message(3, [4]), message(0, [5], 'g2'));
      expect(rig.seen).toEqual([1, 2, 'reset', 5]);
    });

    it('again when a generation returns with an old copy of the data', () => {
      rig.feed.expect('g2', 0);
      rig.feed.expect('g1', 2);
      hear(message(2, [3]));
      expect(rig.seen).toEqual([1, 2, 'reset', 'reset', 3]);
    });

    it('while it reads the log, of which it then takes nothing more', async () => {
      let open = (): void => undefined;
      rig.pause = new Promise((resolve) => {
        open = resolve;
      });
      rig.log.push(3, 4);
      hear(message(4, [5]));
      rig.feed.expect('g2', 0);
      hear(message(0, [7], 'g2'));
      open();
      await settled();
      expect(rig.seen).toEqual([1, 2, 'reset', 7]);
    });
  });

  it('a listener that throws costs neither the others nor itself an entry', async () => {
    const after: number[] = [];
    rig.listeners.add({
      transition: ({ id }) => {
        throw new Error(`no ${id}`);
      },
      reset: () => {
        throw new Error('no reset');
      },
    });
    rig.listeners.add({ transition: ({ id }) => after.push(id) });
    rig.feed.expect('g1', 0);
    hear(rig.write(1));
    rig.write(2);
    hear(rig.write(3));
    await settled();
    rig.feed.expect('g2', 0);
    expect(after).toEqual([1, 2, 3]);
    expect(rig.seen).toEqual([1, 2, 3, 'reset']);
    expect(rig.errors).toHaveLength(4);
  });

  it('a listener that asks for more in the middle is not given the same again', async () => {
    rig.listeners.add({ transition: ({ id }) => rig.feed.receive(message(0, [id])) });
    rig.feed.expect('g1', 0);
    hear(rig.write(1));
    expect(rig.seen).toEqual([1]);
  });

  it('who unsubscribed is told nothing more, also in the middle of a message', () => {
    const heard: number[] = [];
    const leave = rig.listeners.add({
      transition: ({ id }) => {
        heard.push(id);
        leave();
      },
    });
    rig.feed.expect('g1', 0);
    hear(rig.write(1, 2));
    expect(heard).toEqual([1]);
    expect(rig.seen).toEqual([1, 2]);
  });

  /** Messages vanish, come twice and late; reads fail; the log forgets: a listener sees all in order, or a reset. */
  it('gives every entry once and in order, or says that it cannot', async () => {
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          kind: fc.constant('write' as const),
          n: fc.integer({ min: 1, max: 3 }),
          fate: fc.constantFrom('heard', 'heard', 'heard', 'unheard', 'twice'),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('beat' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), on: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim' as const) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        rig = new FeedRig();
        rig.feed.expect('g1', 0);
        let id = 0;
        const everything: number[] = [];
        const beat = (): void => {
          if (rig.feed.expect('g1', id)) rig.feed.repair();
        };
        for (const what of steps) {
          if (what.kind === 'write') {
            const ids = Array.from({ length: what.n }, () => (id += 1));
            everything.push(...ids);
            const told = message(id - what.n, ids);
            rig.log.push(...ids);
            if (what.fate !== 'unheard') hear(told);
            if (what.fate === 'twice') hear(told);
          } else if (what.kind === 'beat') beat();
          else if (what.kind === 'fail') rig.fails = what.on;
          else if (what.kind === 'trim') rig.trim(Math.ceil(rig.log.length / 2));
          else await settled();
        }
        rig.fails = false;
        beat();
        await settled();
        const resetAt = rig.seen.lastIndexOf('reset');
        const numbers = rig.seen.filter((what) => typeof what === 'number');
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        // Without a reset there is everything; after one, everything that came later.
        if (resetAt < 0) expect(numbers).toEqual(everything);
        expect(rig.feed.isBehind('g1', id)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
