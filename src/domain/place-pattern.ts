import { isPlaceId } from './ids.ts';

/** Places that a token, or a reader of events, names: ids, and prefixes that end in `*`. */

/** Of one claim of a token. */
export const MAX_PLACE_PATTERNS = 64;

const ANY = '*';
/** What a prefix has to end with before its `*`: `doc:7` must never open `doc:71`. */
const DELIMITERS: ReadonlySet<string> = new Set([':', '/', '.', '-']);

/** An id, or a prefix that ends in `*` behind a delimiter. */
export const isPlacePattern = (value: unknown): value is string =>
  isPlaceId(value) && (!value.endsWith(ANY) || DELIMITERS.has(value.at(-2) ?? ''));

/** Whether one of the patterns names the place. */
export const namesPlace = (patterns: readonly string[], place: string): boolean =>
  patterns.some((pattern) =>
    pattern.endsWith(ANY) ? place.startsWith(pattern.slice(0, -1)) : pattern === place,
  );
