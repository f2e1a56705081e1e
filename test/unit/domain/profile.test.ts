import { describe, expect, it } from 'vitest';
import { mergeProfile, profileOf } from '../../../src/domain/profile.ts';
import { MINUTE, SECOND, type Someone, someone } from './someone.ts';

const said = (ann: Someone) => [ann.row.name?.value, ann.row.groups?.value];

describe('name and groups', () => {
  it('come from the newest token; one that says nothing of them changes nothing', () => {
    const ann = someone().opens('n1', { name: 'Ann', groups: ['g'], iat: 5 });
    ann.tells('n1', { name: 'Old', groups: ['old'], iat: 4 });
    expect(said(ann)).toEqual(['Ann', ['g']]);
    ann.tells('n1', { name: undefined, groups: undefined, iat: 9 });
    ann.tells('n1', { name: 'Anna', groups: undefined, iat: 6 });
    expect(said(ann)).toEqual(['Anna', ['g']]);
    ann.tells('n1', { name: undefined, groups: [], iat: 6 });
    expect(said(ann)).toEqual(['Anna', []]);
  });

  it('have a stamp each, so that the order in which tokens come does not matter', () => {
    const tokens = [
      { name: 'Anna', iat: 9 },
      { name: 'Ann', groups: ['g', 'h'], iat: 7 },
      { groups: ['g'], iat: 5 },
    ];
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      const ann = someone();
      for (const at of order) ann.opens(`n${at}`, tokens[at]);
      expect(said(ann), order.join()).toEqual(['Anna', ['g', 'h']]);
    }
  });

  it('of the invisible wait, the newest of them, and show with the person', () => {
    const ann = someone()
      .opens('n1', { name: 'Ann', groups: ['g'], iat: 5 })
      .claims('invisible')
      .waits(SECOND);
    ann.tells('n1', { name: 'Anna', groups: undefined, iat: 6 });
    ann.tells('n1', { name: undefined, groups: ['h'], iat: 7 });
    ann.tells('n1', { name: 'Late', groups: ['late'], iat: 5 });
    expect(said(ann)).toEqual(['Ann', ['g']]);
    ann.waits(SECOND).claims(null);
    expect(said(ann)).toEqual(['Anna', ['h']]);
    expect(ann.row.pendingProfile).toBeUndefined();
  });

  it('wait also when the claim is cleared with nobody there', () => {
    const ann = someone().opens('n1', { name: 'Ann', iat: 5 }).claims('invisible').waits(SECOND);
    ann.tells('n1', { name: 'Anna', iat: 6 }).leaves('n1').claims(null);
    expect(said(ann)[0]).toBe('Ann');
    mergeProfile(ann.row, profileOf({ name: 'Anne', iat: 7 }));
    expect(said(ann)[0]).toBe('Ann');
    ann.waits(SECOND).opens('n1');
    expect(said(ann)[0]).toBe('Anne');
  });

  /** While data is gathered nobody appears, so nothing of them may appear either. */
  it('wait as long as the person does, when a hold keeps them from appearing', () => {
    const until = someone().now + MINUTE;
    const ann = someone().opens('n1', { name: 'Ann', iat: 5 }).claims('invisible', { until }).waits(SECOND);
    ann.tells('n1', { name: 'Anna', iat: 6 });
    ann.holdUntil = until + MINUTE;
    ann.gathering = true;
    ann.now = until;
    ann.looksAgain();
    expect([ann.status, said(ann)[0]]).toEqual(['offline', 'Ann']);
    ann.now = ann.holdUntil;
    ann.looksAgain();
    expect([ann.status, said(ann)[0]]).toEqual(['online', 'Anna']);
  });
});
