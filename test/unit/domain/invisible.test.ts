import { describe, expect, it } from 'vitest';
import fc from '../../support/fast-check.ts';
import { common, moves } from './moves.ts';
import { MINUTE, POLICY, SECOND, START, someone } from './someone.ts';

describe('invisible', () => {
  it('begins as a goodbye and ends as a connect', () => {
    const ann = someone().opens('n1').waits(MINUTE).claims('invisible').waits(MINUTE).claims(null);
    expect(ann.story).toEqual(['online connect', 'offline goodbye', 'online connect']);
  });

  it('ends as a connect into whatever the person is by then', () => {
    const idle = someone().opens('n1').claims('invisible').idles('n1').waits(MINUTE).andThen.claims(null);
    expect(idle.story).toEqual(['away connect']);
    const busy = someone().opens('n1').claims('invisible').waits(MINUTE).andThen.claims('busy');
    expect(busy.story).toEqual(['busy connect']);
    const until = START + MINUTE;
    const ended = someone().opens('n1').claims('invisible', { until }).andThen.waits(MINUTE);
    expect(ended.story).toEqual(['online connect']);
  });

  it('looks like the goodbye it is not', () => {
    const hidden = someone().opens('n1').waits(MINUTE).claims('invisible');
    const gone = someone().opens('n1').waits(MINUTE).leaves('n1');
    expect(hidden.view).toEqual(gone.view);
    expect(hidden.told).toEqual(gone.told);
  });

  it('wins over every other claim, whatever its priority', () => {
    const ann = someone()
      .opens('n1')
      .isSaidToBe('alarm', { status: 'busy', priority: 200 })
      .claims('invisible');
    expect(ann.status).toBe('offline');
    expect(ann.waits(1).isSaidToBe('call', { status: 'busy', priority: 200 }).status).toBe('offline');
  });

  it('of somebody who is not there is nothing until they come, and nothing then', () => {
    const ann = someone().claims('invisible').opens('n1').waits(MINUTE);
    expect([ann.story, ann.view]).toEqual([
      [],
      { user: 'ann', status: 'offline', since: 0, ver: 0, devices: [] },
    ]);
  });

  it('keeps `lastSeen` as it was when it began until the person is visible again', () => {
    const ann = someone().opens('n1').waits(MINUTE).claims('invisible');
    expect(ann.view.lastSeen).toBe(START);
    ann.waits(MINUTE).uses('n1').opens('n2').waits(MINUTE).leaves('n1').leaves('n2');
    expect(ann.view.lastSeen).toBe(START);
    // Cleared over HTTP while nobody is there: still not visible, still nothing to be learnt.
    ann.claims(null).waits(MINUTE);
    expect(ann.view.lastSeen).toBe(START);
    ann.opens('n1').waits(SECOND).leaves('n1');
    expect(ann.view.lastSeen).toBe(ann.now - SECOND);
  });

  it('ends within a grace as a connect: the person is still there', () => {
    const ann = someone().opens('n1').claims('invisible').waits(MINUTE).andThen.closes('n1').waits(SECOND);
    expect(ann.claims(null).story).toEqual(['online connect']);
    expect(ann.waits(POLICY.graceMs).story).toEqual(['online connect', 'offline disconnect']);
  });

  it('keeps a grace that nobody sees, and then is really gone', () => {
    const ann = someone()
      .opens('n1')
      .claims('invisible')
      .waits(MINUTE)
      .andThen.closes('n1')
      .waits(POLICY.graceMs);
    expect(ann.row.grace).toBeUndefined();
    expect(ann.waits(MINUTE).claims(null).story).toEqual([]);
  });

  it('is kept until it is cleared, across any number of connections', () => {
    const ann = someone().opens('n1').claims('invisible').andThen.leaves('n1').waits(MINUTE);
    ann.opens('n1').waits(MINUTE).closes('n1').waits(MINUTE).opens('n2');
    expect(ann.story).toEqual([]);
    expect(ann.claims(null).story).toEqual(['online connect']);
  });

  /** One history twice: the same services and the same time, and once somebody who hides, once one who says goodbye. */
  it('is, in every field and at every moment, what a goodbye leaves', () => {
    const byes = fc.array(moves(), { maxLength: 15 });
    const meanwhile = fc.array(fc.tuple(moves({ own: false, time: false, services: false }), common()), {
      maxLength: 15,
    });
    fc.assert(
      fc.property(byes, meanwhile, (first, then) => {
        const [hidden, gone] = [someone(), someone()];
        for (const ann of [hidden, gone]) {
          for (const move of first) move(ann);
          // Nodes know of those in use here that they are: nobody is in use and was never active within the limit.
          ann.usesAll();
          ann.waits(ann.row.grace ? ann.row.grace.startedAt + ann.row.grace.durationMs - ann.now + 1 : 1);
        }
        hidden.claims('invisible', {}, hidden.now * 1000);
        gone.saysGoodbye();
        expect(hidden.view).toEqual(gone.view);
        for (const [own, both] of then) {
          own(hidden);
          both(hidden);
          both(gone);
          expect(hidden.view).toEqual(gone.view);
        }
        expect(hidden.told).toEqual(gone.told);
      }),
      { numRuns: Number(process.env['ROLLCALL_HIDDEN'] ?? 500) },
    );
  });

  /** `invisible` cannot be told from `offline` by any frame, response, event, count, page, `ver` or timing field. */
  it('shows nothing of whatever the person, their devices or other services do', () => {
    fc.assert(
      fc.property(
        fc.array(moves(), { maxLength: 20 }),
        fc.array(moves({ own: false }), { maxLength: 20 }),
        (first, hidden) => {
          const ann = someone({ retentionMs: Number.MAX_SAFE_INTEGER / 2 });
          for (const move of first) move(ann);
          ann.claims('invisible', {}, (ann.now + 1) * 1000).andThen;
          const { view } = ann;
          ann.told.length = 0;
          for (const move of hidden) {
            move(ann);
            expect(ann.view).toEqual(view);
          }
          expect(ann.told).toEqual([]);
        },
      ),
    );
  });
});
