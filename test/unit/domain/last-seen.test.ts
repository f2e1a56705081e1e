import { describe, expect, it } from 'vitest';
import { type LastSeenPrecision, viewOf } from '../../../src/domain/show.ts';
import fc from '../../support/fast-check.ts';
import { moves } from './moves.ts';
import { MINUTE, POLICY, SECOND, START, someone } from './someone.ts';

describe('last seen', () => {
  it('is absent while online, and the last activity otherwise', () => {
    const ann = someone().opens('n1').waits(MINUTE).uses('n1').waits(MINUTE);
    expect(ann.view).not.toHaveProperty('lastSeen');
    expect(ann.idles('n1').view.lastSeen).toBe(START + MINUTE);
    expect(ann.closes('n1').waits(POLICY.graceMs).view.lastSeen).toBe(START + MINUTE);
  });

  it('is shown with a busy that was claimed', () => {
    const ann = someone().opens('n1').waits(MINUTE).claims('busy').waits(MINUTE).uses('n1');
    expect(ann.view.lastSeen).toBe(ann.now);
  });

  it('is the latest of all connections and sessions, whatever of them is left', () => {
    const ann = someone().opens('n1').waits(SECOND).opens('n2').waits(SECOND);
    ann
      .session('s', { expiresAt: ann.now + MINUTE })
      .leaves('n2')
      .waits(MINUTE)
      .leaves('n1');
    expect(ann.status).toBe('offline');
    expect(ann.view.lastSeen).toBe(START + 2 * SECOND);
  });

  it('is when they came, of somebody who never did anything', () => {
    const ann = someone().opens('n1', { silent: true }).waits(MINUTE).leaves('n1');
    expect(ann.view.lastSeen).toBe(START);
  });

  it('of a connection that took over is what it took over', () => {
    const ann = someone().opens('n1').waits(SECOND).closes('n1').waits(SECOND);
    ann.opens('n2', { silent: true }).waits(SECOND).leaves('n2');
    expect(ann.view.lastSeen).toBe(START);
  });

  it.each<[LastSeenPrecision, number | undefined]>([
    ['exact', START + 90 * MINUTE],
    ['hour', START + 60 * MINUTE],
    ['off', undefined],
  ])('is shown as the setting `%s` says', (precision, shown) => {
    const ann = someone()
      .waits(90 * MINUTE)
      .opens('n1')
      .waits(MINUTE)
      .leaves('n1');
    expect(viewOf('ann', ann.row, precision).lastSeen).toBe(shown);
  });

  it('is absent exactly while online or never seen, in any history', () => {
    fc.assert(
      fc.property(fc.array(moves(), { maxLength: 25 }), (history) => {
        const ann = someone();
        for (const move of history) {
          move(ann);
          const { status, ver, lastSeen } = ann.view;
          // Whom others never saw may have been active all the same: somebody without a socket says so.
          const neverHeard = ver === 0 && (ann.row.hiddenLastSeen ?? ann.row.goneActiveAt) === 0;
          expect(lastSeen === undefined).toBe(status === 'online' || neverHeard);
          if (lastSeen !== undefined) expect(lastSeen).toBeLessThanOrEqual(ann.now);
        }
      }),
    );
  });
});
