import { describe, expect, it } from 'vitest';
import { mayEnter, mayWatch } from '../../../src/auth/place-rights.ts';

describe('the places of a token', () => {
  const token = { places: ['doc:7', 'board:*', 'wiki/a/*'], placesWatch: ['lobby', 'hall-*'] };

  it.each([
    ['doc:7', true],
    ['doc:71', false],
    ['doc:', false],
    ['Doc:7', false],
    ['board:1', true],
    ['board:1:x', true],
    ['boards', false],
    ['board', false],
    ['wiki/a/b', true],
    ['wiki/ab', false],
    ['lobby', false],
  ])('let into %s: %s', (place, isIn) => {
    expect(mayEnter(token, place, 'token')).toBe(isIn);
    expect(mayEnter({}, place, 'token')).toBe(false);
    expect(mayEnter({}, place, 'tenant')).toBe(true);
  });

  it('show who is in what may be entered, and in what may only be watched', () => {
    const shown = ['doc:7', 'board:1', 'lobby', 'hall-2', 'hall', 'else'];
    expect(shown.filter((place) => mayWatch(token, place, 'token'))).toEqual(shown.slice(0, 4));
    expect(shown.filter((place) => mayWatch({}, place, 'token'))).toEqual([]);
    expect(shown.filter((place) => mayWatch({}, place, 'tenant'))).toEqual(shown);
  });
});
