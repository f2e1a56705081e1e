import { SharedArray } from 'k6/data';

/** Of `scripts/k6.mjs`, or made by hand: see docs/load.md. */
const FOLDER = __ENV['TOKENS'] ?? '../.rollcall/k6/tokens';

const linesOf = (file: string): string[] =>
  open(`${FOLDER}/${file}`)
    .split('\n')
    .filter((line) => line !== '');

/** One a user, of `load-0`, `load-1`, …; scope `connect watch watch:tenant`. Kept once, not in each virtual user. */
const people = new SharedArray('people', () => linesOf('people.txt'));

/** Scope `read`. */
export const reader = new SharedArray('reader', () => linesOf('reader.txt'));

/** Scope `events`, and soon over: the stream ends with it. */
export const backends = new SharedArray('backends', () => linesOf('backends.txt'));

export const userOf = (n: number): string => `load-${n}`;

export const tokenOf = (n: number): string => {
  const token = people[n];
  if (token === undefined) throw new Error(`no token for ${userOf(n)}: people.txt has ${people.length}`);
  return token;
};
