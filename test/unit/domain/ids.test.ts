import { describe, expect, it } from 'vitest';
import { isDisplayName, isGroupId, isTenantId, isUserId } from '../../../src/domain/ids.ts';
import fc from '../../support/fast-check.ts';

describe('user and group ids', () => {
  it.each([
    ['one letter', 'a'],
    ['a UUID', '7d444840-9dc0-11d1-b245-5ffdce74fad2'],
    ['an address', 'ann@example.com'],
    ['colon, slash, space and quote', 'a:b/c d"e'],
    ['three dots', '...'],
    ['128 bytes', 'a'.repeat(128)],
    ['128 bytes of two-byte letters', 'é'.repeat(64)],
    ['128 bytes of four-byte signs', '😀'.repeat(32)],
    ['an asterisk', '*'],
  ])('accepts %s', (_, id) => {
    expect(isUserId(id)).toBe(true);
    expect(isGroupId(id)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a dot', '.'],
    ['two dots', '..'],
    ['129 bytes', 'a'.repeat(129)],
    ['130 bytes of two-byte letters', 'é'.repeat(65)],
    ['129 bytes of three-byte letters', '語'.repeat(43)],
    ['NUL', 'a\u0000b'],
    ['a line feed', 'a\nb'],
    ['a trailing line feed', 'a\n'],
    ['DEL', 'a\u007f'],
    ['a C1 control', 'a\u0085'],
    ['half a surrogate pair', 'a\ud800'],
    ['a pair the wrong way round', '\ude00\ud83d'],
    ['a number', 7],
    ['null', null],
    ['undefined', undefined],
    ['a list', ['a']],
  ])('refuses %s', (_, id) => {
    expect(isUserId(id)).toBe(false);
    expect(isGroupId(id)).toBe(false);
  });

  it('accepts only what survives UTF-8 unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 140 }), (id) => {
        const bytes = Buffer.from(id);
        if (isUserId(id)) {
          expect(bytes.length).toBeLessThanOrEqual(128);
          expect(bytes.toString()).toBe(id);
        }
      }),
    );
  });
});

describe('tenants', () => {
  it.each(['default', 'A.b_c-9', 'x'.repeat(64)])('accepts %s', (id) => {
    expect(isTenantId(id)).toBe(true);
  });
  it.each(['', '*', 'a:b', 'a b', 'a\n', 'é', 'x'.repeat(65), 5, null, undefined])('refuses %j', (id) => {
    expect(isTenantId(id)).toBe(false);
  });
});

describe('display names', () => {
  it('accepts what people are called and refuses what breaks a line or never ends', () => {
    expect(isDisplayName('Zoë Ⅳ 😀')).toBe(true);
    expect(isDisplayName('n'.repeat(256))).toBe(true);
    expect(isDisplayName('n'.repeat(257))).toBe(false);
    expect(isDisplayName('a\r\nb')).toBe(false);
    expect(isDisplayName('')).toBe(false);
    expect(isDisplayName(1)).toBe(false);
  });
});
