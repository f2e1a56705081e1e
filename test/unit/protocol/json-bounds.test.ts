import { describe, expect, it } from 'vitest';
import { isWithinBounds } from '../../../src/protocol/json-bounds.ts';
import fc from '../../support/fast-check.ts';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

describe('the bounds of a text that is to be parsed', () => {
  it.each([
    ['[[[]]]', 3, true],
    ['[[[[]]]]', 3, false],
    [`${'['.repeat(500_000)}`, 3, false],
    ['{"a":{"b":[1]}}', 3, true],
    ['"[[[["', 0, true],
    ['["\\"[[[[","\\\\","[["]', 1, true],
    ['["\\\\\\"[[["]', 1, true],
    ['"[[', 0, true],
    ['', 0, true],
  ])('%s nests no deeper than %i: %s', (text, depth, expected) => {
    expect(isWithinBounds(text, { depth, values: Number.POSITIVE_INFINITY })).toBe(expected);
  });

  it('count what is in it', () => {
    const list = (length: number) => JSON.stringify(Array(length).fill(0));
    expect(isWithinBounds(list(100), { depth: 9, values: 100 })).toBe(true);
    expect(isWithinBounds(list(101), { depth: 9, values: 100 })).toBe(false);
  });

  it('know the depth of every value, whatever its texts hold', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        const depth = depthOf(value);
        const values = Number.POSITIVE_INFINITY;
        expect(isWithinBounds(text, { depth, values })).toBe(true);
        if (depth > 0) expect(isWithinBounds(text, { depth: depth - 1, values })).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
