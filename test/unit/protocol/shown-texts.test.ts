import { describe, expect, it } from 'vitest';
import { isDisplayName } from '../../../src/domain/ids.ts';
import { FieldError, parseStatusFields } from '../../../src/protocol/status-fields.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

const isText = (text: string): boolean => {
  try {
    parseStatusFields({ status: 'busy', text }, NOW);
    return true;
  } catch (error) {
    if (error instanceof FieldError && error.field === 'text') return false;
    throw error;
  }
};

// The attack: one person's text turns the line in which another's stands, or looks like no text at all.
describe('what is shown to others', () => {
  const BIDI = [
    0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069,
  ];
  it.each(BIDI.map((code) => [code.toString(16), String.fromCodePoint(code)]))(
    'has no character that controls direction: U+%s',
    (_name, character) => {
      expect(isText(`ok ${character}gnp.exe`)).toBe(false);
      expect(isDisplayName(`ok ${character}gnp.exe`)).toBe(false);
    },
  );

  it.each([
    ['blanks', '   '],
    ['a no-break space', '\u00a0'],
    ['an ideographic space', '\u3000'],
    ['a space of no width', '\u200b'],
    ['joiners', '\u200d\u200c'],
    ['a byte order mark', '\ufeff'],
    ['a soft hyphen', '\u00ad'],
    ['a word joiner', '\u2060'],
    ['the Hangul fillers', '\u115f\u1160\u3164\uffa0'],
    ['a variation selector', '\ufe0f'],
    ['tags', '\u{e0041}\u{e0042}'],
    ['the blank pattern of Braille', '\u2800'],
    ['a grapheme joiner', '\u034f'],
  ])('has something to see: %s alone is nothing', (_what, text) => {
    expect(isText(text)).toBe(false);
    expect(isDisplayName(text)).toBe(false);
  });

  it.each([
    ['plain', 'Lunch'],
    ['Arabic', 'في اجتماع'],
    ['Hebrew', 'בפגישה'],
    ['Persian with its non-joiner', 'می\u200cروم'],
    ['Sinhala with its joiner', 'ශ්\u200dරී'],
    ['Devanagari with a joiner', 'क्\u200dष'],
    ['an emoji that is joined', '👩\u200d💻'],
    ['a flag of tags', '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}'],
    ['a keycap', '1\ufe0f\u20e3'],
    ['Thai', 'ประชุม'],
    ['a full stop', '.'],
    ['private use', '\ue000'],
    ['blanks around', ' a '],
  ])('keeps %s', (_what, text) => {
    expect(isText(text)).toBe(true);
    expect(isDisplayName(text)).toBe(true);
  });
});
