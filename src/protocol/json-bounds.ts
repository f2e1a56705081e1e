/** What a JSON text may hold before anybody parses it. */
interface JsonBounds {
  /** Levels of nesting. */
  readonly depth: number;
  /** Values, counted by what separates them: members and elements but the first of each object and array. */
  readonly values: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

const isOpening = (code: number): boolean => code === 0x7b || code === 0x5b;
const isClosing = (code: number): boolean => code === 0x7d || code === 0x5d;

/**
 * Whether a text is worth parsing. A parser takes hundreds of times longer for a megabyte of brackets than for a
 * megabyte of text, and every other connection waits meanwhile; counting takes no longer for one than for the other.
 * Text that is no JSON may pass: the parser says so.
 */
export const isWithinBounds = (text: string, { depth, values }: JsonBounds): boolean => {
  let level = 0;
  let seen = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
    } else if (code === COMMA || isOpening(code)) {
      seen += 1;
      if (isOpening(code)) level += 1;
      if (level > depth || seen > values) return false;
    } else if (isClosing(code)) level -= 1;
  }
  return true;
};

/** Where the string that begins at `from` ends. */
const endOfString = (text: string, from: number): number => {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
};
