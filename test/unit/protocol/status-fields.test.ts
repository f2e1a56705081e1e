import { describe, expect, it } from 'vitest';
import { FieldError, parseStatusFields, type StatusFields } from '../../../src/protocol/status-fields.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const LATER = '2026-11-21T13:00:00Z';

const refused = (input: StatusFields): string => {
  try {
    parseStatusFields(input, NOW);
  } catch (error) {
    if (error instanceof FieldError) return error.field;
    throw error;
  }
  return 'nothing';
};

describe('own status', () => {
  it.each(['online', 'away', 'busy', 'invisible'] as const)('takes %s', (status) => {
    expect(parseStatusFields({ status }, NOW)).toEqual({ status });
  });

  it('takes everything there is to say', () => {
    expect(parseStatusFields({ status: 'busy', text: 'Lunch 🍜', emoji: '🍜', until: LATER }, NOW)).toEqual({
      status: 'busy',
      text: 'Lunch 🍜',
      emoji: '🍜',
      until: NOW + 3_600_000,
    });
  });

  it('clears with null and nothing else', () => {
    expect(parseStatusFields({ status: null }, NOW)).toEqual({ status: null });
    expect(refused({ status: null, text: 'x' })).toBe('text');
    expect(refused({ status: null, emoji: '🍜' })).toBe('emoji');
    expect(refused({ status: null, until: LATER })).toBe('until');
  });

  it('reads an empty text as none', () => {
    expect(parseStatusFields({ status: 'away', text: '' }, NOW)).toEqual({ status: 'away' });
  });

  it.each([undefined, 'offline', 'ONLINE', 'toString', '', 1, true, {}, []])(
    'refuses the status %j',
    (status) => {
      expect(refused({ status })).toBe('status');
    },
  );
});

describe('text', () => {
  it('counts characters, not units', () => {
    expect(refused({ status: 'busy', text: '🍜'.repeat(140) })).toBe('nothing');
    expect(refused({ status: 'busy', text: '🍜'.repeat(141) })).toBe('text');
    expect(refused({ status: 'busy', text: 'x'.repeat(140) })).toBe('nothing');
    expect(refused({ status: 'busy', text: 'x'.repeat(141) })).toBe('text');
  });

  it.each([
    1,
    null,
    ['x'],
    { length: 1 },
    'a\nb',
    'a\u0000',
    'a\u009f',
    '\ud83c',
    'a\u2028b',
    'x'.repeat(1e6),
  ])('refuses %j', (text) => {
    expect(refused({ status: 'busy', text })).toBe('text');
  });
});

describe('emoji', () => {
  it.each(['🍜', '❤️', '❤', '👍🏽', '🇨🇭', '1️⃣', '👩🏻‍❤️‍💋‍👩🏼', '👨‍👩‍👧‍👦', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏳️‍🌈', '🧑‍💻', '☕'])(
    'takes %s',
    (emoji) => {
      expect(parseStatusFields({ status: 'busy', emoji }, NOW)).toEqual({ status: 'busy', emoji });
    },
  );

  it.each([
    '',
    'x',
    '7',
    '🍜🍜',
    '🍜 ',
    ' 🍜',
    'x🍜',
    '🇨',
    '\u200d',
    '🍜\u200d',
    ':coffee:',
    '<b>',
    null,
    7,
    ['🍜'],
  ])('refuses %j', (emoji) => {
    expect(refused({ status: 'busy', emoji })).toBe('emoji');
  });

  it('bounds what is joined', () => {
    expect(refused({ status: 'busy', emoji: Array(50).fill('👩').join('\u200d') })).toBe('emoji');
  });
});

describe('until', () => {
  it.each([
    ['2026-11-21T12:00:00.001Z', NOW + 1],
    ['2026-11-21T12:00:00.0019Z', NOW + 1],
    ['2026-11-21t14:30:00+02:00', NOW + 1_800_000],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
    ['9999-12-31T23:59:59Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
  ])('takes %s', (until, ms) => {
    expect(parseStatusFields({ status: 'busy', until }, NOW)).toEqual({ status: 'busy', until: ms });
  });

  it.each([
    '2026-11-21T12:00:00Z',
    '2020-01-01T00:00:00Z',
    '2027-01-01',
    '2027-01-01T00:00:00',
    '2027-02-29T00:00:00Z',
    '2027-00-10T00:00:00Z',
    '2027-01-01T24:00:00Z',
    '2027-01-01T00:00:60Z',
    '2027-01-01 00:00:00Z',
    '2027-01-01T00:00:00Zx',
    '+012027-01-01T00:00:00Z',
    'tomorrow',
    '',
    1_900_000_000_000,
    null,
    {},
  ])('refuses %j', (until) => {
    expect(refused({ status: 'busy', until })).toBe('until');
  });
});
