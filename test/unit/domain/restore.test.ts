import { describe, expect, it } from 'vitest';
import type { KnownView } from '../../../src/domain/absorb.ts';
import { MINUTE, POLICY, report, SECOND, START, someone } from './someone.ts';

const VER = START * 1000;
const known = (over: Partial<KnownView> = {}): KnownView => ({
  status: 'online',
  since: START - MINUTE,
  ver: VER - 1,
  ...over,
});

/** After a loss nodes tell again what they hold, with the view they last saw. */
describe('a row that was lost', () => {
  it('takes the view a node knew, without a transition', () => {
    const ann = someone().hears('n1', report({ known: known({ ver: VER - 7 }) }));
    expect(ann.story).toEqual([]);
    expect(ann.view).toMatchObject({ status: 'online', since: START - MINUTE, ver: VER - 7 });
  });

  it('takes text, emoji and end, when the claim comes with them', () => {
    const shown = { text: 'focus', emoji: '🎧', until: START + MINUTE };
    const claim = { status: 'busy' as const, stamp: VER - 9, ...shown };
    const ann = someone().hears('n1', report({ claim, known: known({ status: 'busy', ...shown }) }));
    expect(ann.story).toEqual([]);
    expect(ann.view).toMatchObject({ status: 'busy', ...shown });
  });

  it('of several views takes the one with the highest version, in any order', () => {
    const older = known({ status: 'busy', ver: VER - 20 });
    const newer = known({ ver: VER - 10 });
    for (const [first, second] of [
      [older, newer],
      [newer, older],
    ] as const) {
      const ann = someone();
      // The partition holds still while nodes tell, so that no half of the truth is shown.
      ann.holdUntil = START + MINUTE;
      ann.hears('n1', report({ known: first })).hears('n2', report({ known: second }));
      expect([ann.story, ann.view.status, ann.view.ver]).toEqual([[], 'online', VER - 10]);
    }
  });

  it('is not what a row is that knows the view, or a newer one', () => {
    const ann = someone().opens('n1');
    const { ver } = ann.view;
    ann.hears('n2', report({ known: known({ status: 'away', ver }) }));
    expect(ann.view).toMatchObject({ status: 'online', ver });
  });

  it('keeps somebody who was away, though a connection without a word opens active alone', () => {
    const ann = someone().hears(
      'n1',
      report({ activeAt: 0, known: known({ status: 'away', lastSeen: START - 10 * MINUTE }) }),
    );
    expect(ann.story).toEqual([]);
    expect(ann.view.lastSeen).toBe(START - 10 * MINUTE);
  });

  it('does not take for long idle who was away, when nobody may see since when', () => {
    const ann = someone().hears('n1', report({ activeAt: 0, known: known({ status: 'away' }) }));
    expect([ann.status, ann.story]).toEqual(['away', []]);
    expect(ann.waits(POLICY.idleOfflineMs).story).toEqual(['offline idle']);
  });

  it('keeps somebody online who said nothing yet', () => {
    expect(someone().hears('n1', report({ activeAt: 0, known: known() })).story).toEqual([]);
  });

  it('keeps a grace that was running, to its end', () => {
    const ann = someone().waits(SECOND);
    ann.hears('n1', report({ count: 0, openedAt: START - MINUTE, closedAt: START, known: known() }));
    expect([ann.status, ann.story]).toEqual(['online', []]);
    ann.waits(POLICY.graceMs);
    expect(ann.told.at(-1)).toMatchObject({ status: 'offline', reason: 'disconnect', at: POLICY.graceMs });
  });

  it('of somebody who is offline stays offline under the view', () => {
    const ann = someone().hears(
      'n1',
      report({ count: 0, activeAt: 0, known: known({ status: 'offline', lastSeen: START - 5 }) }),
    );
    expect(ann.story).toEqual([]);
    expect(ann.view).toMatchObject({ status: 'offline', ver: VER - 1, lastSeen: START - 5 });
  });

  it('that is something else by now says so, as `resync`, above the version that was known', () => {
    const ann = someone().hears('n1', report({ idle: true, known: known({ ver: VER + 5_000_000 }) }));
    expect(ann.story).toEqual(['away resync']);
    expect(ann.view.ver).toBeGreaterThan(VER + 5_000_000);
  });

  /** Else a loss of data would tell when somebody who hides was really there. */
  it('of somebody invisible shows the last seen that was shown, until they are visible', () => {
    const claim = { status: 'invisible' as const, stamp: VER - 9 };
    const ann = someone().tells(
      'n1',
      report({ claim, known: known({ status: 'offline', lastSeen: START - 5 }) }),
    );
    expect([ann.story, ann.view.lastSeen]).toEqual([[], START - 5]);
    ann.waits(MINUTE).uses('n1').claims(null);
    expect(ann.story).toEqual(['online connect']);
    expect(ann.idles('n1').view.lastSeen).toBe(START + MINUTE);
  });
});
