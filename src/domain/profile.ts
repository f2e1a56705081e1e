import type { StoreMs } from './clock.ts';
import type { Word, Words } from './model.ts';
import { isInvisible, type Row } from './row.ts';

/** What a token says of its user. */
export interface TokenProfile {
  readonly name?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** s; 0 for none. */
  readonly iat: number;
}

export const wordsOf = ({ name, groups, iat }: TokenProfile): Words => ({
  ...(name !== undefined && { name: { value: name, iat } }),
  ...(groups !== undefined && { groups: { value: groups, iat } }),
});

/** Of two words under one stamp the later one said counts. Without a stamp one only counts where nothing was said. */
export const newerWord = <T>(held: Word<T> | undefined, said: Word<T> | undefined): Word<T> | undefined => {
  if (said === undefined || held === undefined) return said ?? held;
  return said.iat > 0 && said.iat >= held.iat ? said : held;
};

export const newerWords = (held: Words, said: Words): Words => ({
  name: newerWord(held.name, said.name),
  groups: newerWord(held.groups, said.groups),
});

const trueName = (row: Row): Words['name'] => row.pending?.name ?? row.name;
const trueGroups = (row: Row): Words['groups'] => row.pending?.groups ?? row.groups;

/** The person's own truth: what the newest tokens say, whether others may see it or not. */
export const trueWords = (row: Row): Words => ({ name: trueName(row), groups: trueGroups(row) });

/** By content: equal groups of two tokens are no news. */
export const sameGroups = (
  ones: readonly string[] | undefined,
  others: readonly string[] | undefined,
): boolean =>
  ones === others ||
  (ones?.length === others?.length && ones?.every((group, at) => group === others?.[at]) === true);

/** Whether both say the same under the same stamps. */
export const sameWords = (ones: Words, others: Words): boolean =>
  ones.name?.value === others.name?.value &&
  ones.name?.iat === others.name?.iat &&
  sameGroups(ones.groups?.value, others.groups?.value) &&
  ones.groups?.iat === others.groups?.iat;

/**
 * Takes what tokens say where it is newer. What is told while the person is invisible waits: whoever is offline gets
 * no new name and joins no group.
 * @param saidAt - now, when who says it only watches, so that nothing else tells how long to keep it.
 */
export const takeWords = (row: Row, said: Words, saidAt: StoreMs = 0): void => {
  if (said.name === undefined && said.groups === undefined) return;
  if (isHidden(row)) {
    row.pending = newerWords(trueWords(row), said);
    return;
  }
  Object.assign(row, newerWords(row, said));
  row.said = Math.max(row.said, saidAt);
};

/** What waited takes effect. */
export const revealWords = (row: Row): void => {
  if (row.pending === undefined) return;
  Object.assign(row, trueWords(row));
  row.pending = undefined;
};

/** Somebody knows something of the person, so that others may have been told it. */
export const isHeardOf = (row: Row): boolean =>
  row.ver > 0 || row.name !== undefined || row.groups !== undefined || row.pending !== undefined;

/** The person is invisible, or was and has not been seen since. */
const isHidden = (row: Row): boolean => row.frozen !== undefined || isInvisible(row);
