import { describe, expect, it } from 'vitest';
import { HybridClock, toMs } from '../../../src/domain/clock.ts';
import fc from '../../support/fast-check.ts';
import { moves } from './moves.ts';
import { START, someone } from './someone.ts';

describe('the hybrid clock', () => {
  it('is real time while that rises', () => {
    let time = 5000;
    const clock = new HybridClock(() => time);
    expect(clock.now()).toBe(5000);
    time = 7000;
    expect([clock.now(), clock.next()]).toEqual([7000, 7001]);
  });

  it('gives no moment twice within one microsecond', () => {
    const clock = new HybridClock(() => 1);
    expect([clock.next(), clock.next(), clock.next()]).toEqual([2, 3, 4]);
  });

  it('stands when real time goes back, and goes on from what it was told', () => {
    let time = 5000;
    const clock = new HybridClock(() => time);
    clock.now();
    time = 10;
    expect([clock.now(), clock.next()]).toEqual([5000, 5001]);
    clock.raise(9000);
    clock.raise(4);
    expect([clock.now(), clock.next()]).toEqual([9000, 9001]);
  });

  it('rises strictly whatever real time and other nodes say', () => {
    const event = fc.oneof(
      fc.record({ time: fc.integer({ min: 0, max: 1e6 }) }),
      fc.record({ told: fc.integer({ min: 0, max: 1e6 }) }),
      fc.constant({}),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 50 }), (events) => {
        let time = 0;
        let last = 0;
        let heard = 0;
        const clock = new HybridClock(() => time);
        for (const each of events) {
          if ('time' in each) time = each.time;
          if ('told' in each) {
            clock.raise(each.told);
            heard = Math.max(heard, each.told);
          }
          const next = clock.next();
          expect(next).toBeGreaterThan(last);
          expect(next).toBeGreaterThanOrEqual(Math.max(heard, time));
          last = next;
        }
      }),
    );
  });
});

describe('the version of a user', () => {
  it('rises with every transition, is the moment of it, and changes with nothing else', () => {
    fc.assert(
      fc.property(fc.array(moves(), { maxLength: 25 }), (history) => {
        const ann = someone();
        let { view } = ann;
        for (const move of history) {
          const known = ann.told.length;
          move(ann);
          if (ann.forgotten) return;
          for (const told of ann.told.slice(known)) {
            expect(told.ver).toBeGreaterThan(view.ver);
            expect(told.ver).toBeLessThan(2 ** 53);
            expect(Math.abs(toMs(told.ver) - START - told.at)).toBe(0);
            // `since` is when the status began: a change of text or end alone leaves it.
            expect(told.view.since).toBe(told.view.status === view.status ? view.since : toMs(told.ver));
            const same = (['status', 'text', 'emoji', 'until'] as const).every(
              (key) => told.view[key] === view[key],
            );
            expect(same, 'a transition that changes nothing').toBe(false);
            view = told.view;
          }
          const { devices: _, lastSeen: __, ...seen } = ann.view;
          const { devices: ___, lastSeen: ____, ...last } = view;
          expect(seen).toEqual(last);
        }
      }),
    );
  });
});
