/**
 * Regular expressions for documents, which other programs read with libraries of their own: without properties of
 * Unicode and other notations that only some know. What the service goes by are the checks that they are made from.
 */

type Span = readonly [from: number, to: number];

/** Where characters are that a document has to name one by one; all others are planes of letters and of nothing. */
const EVERYWHERE: readonly Span[] = [
  [0, 0x1ffff],
  [0xe0000, 0xe0fff],
];

/** Escaped where every dialect knows the escape, otherwise the character itself. */
const written = (code: number): string =>
  code > 0xffff ? String.fromCodePoint(code) : `\\u${code.toString(16).padStart(4, '0')}`;

/** The characters that a check takes, as they stand between the brackets of a class. */
const classOf = (isOne: RegExp): string => {
  const ranges: [number, number][] = [];
  for (const [from, to] of EVERYWHERE) {
    for (let code = from; code <= to; code += 1) {
      if (!isOne.test(String.fromCodePoint(code))) continue;
      const last = ranges.at(-1);
      if (last !== undefined && last[1] === code - 1) last[1] = code;
      else ranges.push([code, code]);
    }
  }
  return ranges
    .map(([from, to]) => (from === to ? written(from) : `${written(from)}-${written(to)}`))
    .join('');
};

const NOT_IN_IDS = classOf(/[\p{Cc}\p{Cs}]/u);

/** A user, group or session: see `isUserId`. Its bytes are no matter of a pattern. */
export const ID_PATTERN = `^(?!\\.{1,2}$)[^${NOT_IN_IDS}]{1,128}$`;

/** Some of them, separated by commas; those that hold one cannot be named so. */
export const ID_LIST_PATTERN = (() => {
  const id = `(?!\\.{1,2}(?:,|$))[^,${NOT_IN_IDS}]{1,128}`;
  return `^${id}(?:,${id})*$`;
})();

/** @param unfit - characters that may not be in it. @param unseen - characters that are not to be seen by themselves. */
export const textPattern = (unfit: RegExp, unseen: RegExp): string => {
  const bad = classOf(unfit);
  return `^(?:[^${bad}]*[^${bad}${classOf(unseen)}][^${bad}]*)?$`;
};

/** One emoji, as UTS #51 puts sequences together: flags, keycaps, pictographs with modifiers and tags, alone or joined. */
export const EMOJI_PATTERN = (() => {
  const indicator = `[${classOf(/\p{RI}/u)}]`;
  const pictograph = `[${classOf(/\p{Extended_Pictographic}/u)}]`;
  const modifier = `[${classOf(/\p{Emoji_Modifier}/u)}]`;
  const tags = `(?:[${written(0xe0020)}-${written(0xe007e)}]+${written(0xe007f)})?`;
  const element = `${pictograph}(?:\\ufe0f|${modifier})?${tags}`;
  return `^(?:${indicator}${indicator}|[0-9#*]\\ufe0f?\\u20e3|${element}(?:\\u200d${element})*)$`;
})();

/** What is given out to go on from; opaque. */
export const CURSOR_PATTERN = '^[A-Za-z0-9._~+/=-]+$';
