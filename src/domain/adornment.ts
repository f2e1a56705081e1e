import type { Adornment } from './model.ts';

/** Only the fields of an adornment. */
export const adornmentOf = (from: Adornment): Adornment => ({
  ...(from.text !== undefined && { text: from.text }),
  ...(from.emoji !== undefined && { emoji: from.emoji }),
  ...(from.until !== undefined && { until: from.until }),
});

export const sameAdornment = (a: Adornment, b: Adornment): boolean =>
  a === b || (a.text === b.text && a.emoji === b.emoji && a.until === b.until);

/** An end alone says nothing. */
export const saysSomething = ({ text, emoji }: Adornment): boolean =>
  text !== undefined || emoji !== undefined;
