import { describe, expect, it } from 'vitest';
import type { Status } from '../../../src/domain/model.ts';
import fc from '../../support/fast-check.ts';
import { moves } from './moves.ts';
import { MINUTE, POLICY, SECOND, type Someone, START, someone } from './someone.ts';

const HOLD = 6 * SECOND;

/** Somebody of whom a partition begins to hold still now, for a time to live. */
const held = (ann: Someone): Someone => {
  ann.holdUntil = ann.now + HOLD;
  return ann.andThen;
};

/** Time passes without anybody sweeping; then the hold is over. */
const holdEnds = (ann: Someone): Someone => {
  ann.now = Math.max(ann.now, ann.holdUntil);
  return ann.looksAgain();
};

describe('while a partition holds still', () => {
  it('no grace ends', () => {
    const ann = someone()
      .opens('n1')
      .waits(MINUTE)
      .closes('n1')
      .waits(POLICY.graceMs - SECOND);
    held(ann).now += 2 * SECOND;
    ann.looksAgain();
    expect([ann.status, ann.story]).toEqual(['online', []]);
    expect(holdEnds(ann).story).toEqual(['offline disconnect']);
  });

  it.each<[string, (ann: Someone) => Someone, Status]>([
    ['offline', (ann) => ann.leaves('n1'), 'offline'],
    ['away', (ann) => ann.idles('n1'), 'away'],
  ])('a turn to %s waits until it is over', (_, happens, status) => {
    const ann = happens(held(someone().opens('n1').waits(MINUTE)));
    expect([ann.status, ann.story]).toEqual(['online', []]);
    expect(ann.row.nextDeadline).toBe(ann.holdUntil);
    expect(holdEnds(ann).status).toBe(status);
  });

  it('the loss of a claim waits, its end and its withdrawal alike', () => {
    const ended = someone()
      .opens('n1')
      .claims('busy', { until: START + SECOND });
    held(ended).now += 2 * SECOND;
    const withdrawn = held(someone().opens('n1').isSaidToBe('call', { status: 'away', text: 'in a call' }));
    withdrawn.isSaidToBe('call', undefined);
    for (const ann of [ended.looksAgain(), withdrawn]) {
      expect(ann.story).toEqual([]);
      expect(holdEnds(ann).status).toBe('online');
    }
  });

  it('a deadline that comes before its end stays one', () => {
    const ann = held(someone().opens('n1'))
      .session('s', { expiresAt: START + SECOND })
      .leaves('n1');
    expect(ann.row.nextDeadline).toBe(START + SECOND);
    // Also one that comes while something waits.
    const idle = held(
      someone()
        .opens('n1')
        .session('s', { idle: true, expiresAt: START + SECOND }),
    ).idles('n1');
    expect([idle.status, idle.row.nextDeadline]).toEqual(['online', START + SECOND]);
  });

  it('nobody waits to become more', () => {
    const ann = held(someone());
    ann.opens('n1');
    expect(ann.story).toEqual(['online connect']);
    expect(held(someone().opens('n1').idles('n1')).uses('n1').story).toEqual(['online active']);
    expect(held(someone().opens('n1')).isSaidToBe('call', { status: 'busy' }).story).toEqual(['busy claim']);
  });

  it('what a person sets is done at once: it is no guess', () => {
    expect(held(someone().opens('n1')).claims('away').story).toEqual(['away claim']);
    expect(held(someone().opens('n1')).claims('invisible').story).toEqual(['offline goodbye']);
    expect(held(someone().opens('n1').claims('busy').waits(1)).claims(null).story).toEqual(['online claim']);
  });

  it('nobody ever turns offline, or away from online, whatever else happens', () => {
    fc.assert(
      fc.property(
        fc.array(moves(), { maxLength: 15 }),
        fc.array(moves({ own: false, time: false }), { maxLength: 15 }),
        fc.array(fc.nat(SECOND), { minLength: 15, maxLength: 15 }),
        (history, during, times) => {
          const ann = someone();
          for (const move of history) move(ann);
          held(ann);
          let { status } = ann;
          during.forEach((move, i) => {
            ann.now = Math.min(ann.now + (times[i] ?? 0), ann.holdUntil - 1);
            move(ann.looksAgain());
            for (const told of ann.told) {
              expect(told.status).not.toBe('offline');
              if (status === 'online' && told.status === 'away') expect(told.reason).toBe('claim');
              status = told.status;
            }
            ann.told.length = 0;
          });
          // Nothing is forgotten by waiting: afterwards the user is what they are without a hold.
          const free = someone();
          free.row = structuredClone(ann.row);
          free.now = ann.holdUntil;
          free.looksAgain();
          expect(holdEnds(ann).view.status).toBe(free.view.status);
        },
      ),
    );
  });
});
