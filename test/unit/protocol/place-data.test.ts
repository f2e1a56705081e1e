import { describe, expect, it } from 'vitest';
import { parseClientFrame } from '../../../src/protocol/parse-frame.ts';
import { parsePlaceData } from '../../../src/protocol/place-data.ts';

/** Objects nested so deep. */
const deep = (levels: number): unknown =>
  JSON.parse(`${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`);

describe('what a member says of themselves in a place', () => {
  it('is any small JSON object, kept as its JSON', () => {
    expect(parsePlaceData({})).toBe('{}');
    expect(parsePlaceData({ color: '#c33', at: [1, { x: null }] })).toBe(
      '{"color":"#c33","at":[1,{"x":null}]}',
    );
  });

  it.each([null, 1, 'x', true, [], [{}]])('is no %j', (data) => {
    expect(() => parsePlaceData(data)).toThrow('data must be a JSON object');
  });

  it('has at most 1,024 bytes of UTF-8 and 16 levels', () => {
    const filled = (text: string) => ({ a: text });
    expect(parsePlaceData(filled('x'.repeat(1024 - 8)))).toHaveLength(1024);
    expect(() => parsePlaceData(filled('x'.repeat(1024 - 7)))).toThrow('1024 bytes');
    expect(() => parsePlaceData(filled('ü'.repeat(509)))).toThrow('1024 bytes');
    expect(parsePlaceData(deep(16))).toHaveLength(16 * 2 + 15 * 4);
    expect(() => parsePlaceData(deep(17))).toThrow('16 levels');
  });

  it('comes with an enter frame, which says what is wrong with it', () => {
    const parse = (data: unknown) =>
      parseClientFrame(JSON.stringify({ type: 'enter', place: 'doc:7', data, ref: 'r' }), 0);
    expect(parse({ a: 1 }).frame).toEqual({ type: 'enter', place: 'doc:7', data: '{"a":1}', ref: 'r' });
    expect(parse(null).error).toEqual({ code: 'invalid', message: 'data must be a JSON object', ref: 'r' });
    expect(parse('x'.repeat(2000)).error?.code).toBe('invalid');
  });
});
