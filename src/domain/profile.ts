import type { DayMs, StoreMs } from './clock.ts';
import type { Profile, Stamped } from './model.ts';
import { isInvisible, type Row } from './row.ts';

/** What a token says about its user. */
export interface TokenProfile {
  readonly name?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** s; 0 for none. */
  readonly iat: number;
}

export const profileOf = ({ name, groups, iat }: TokenProfile): Profile => ({
  ...(name !== undefined && { name: { value: name, iat } }),
  ...(groups !== undefined && { groups: { value: groups, iat } }),
});

/** Of two values with one stamp the later one counts. A value without a stamp counts only where nothing was known. */
export const newerOf = <T>(
  held: Stamped<T> | undefined,
  said: Stamped<T> | undefined,
): Stamped<T> | undefined => {
  if (said === undefined || held === undefined) return said ?? held;
  return said.iat > 0 && said.iat >= held.iat ? said : held;
};

export const newerProfile = (held: Profile, said: Profile): Profile => ({
  name: newerOf(held.name, said.name),
  groups: newerOf(held.groups, said.groups),
});

const trueName = (row: Row): Profile['name'] => row.pendingProfile?.name ?? row.name;
const trueGroups = (row: Row): Profile['groups'] => row.pendingProfile?.groups ?? row.groups;

/** The person's own truth: what the newest tokens say, whether others may see it or not. */
export const trueProfile = (row: Row): Profile => ({ name: trueName(row), groups: trueGroups(row) });

/** Compared by content: equal groups of two tokens are no change. */
export const sameGroups = (
  ones: readonly string[] | undefined,
  others: readonly string[] | undefined,
): boolean =>
  ones === others ||
  (ones?.length === others?.length && ones?.every((group, at) => group === others?.[at]) === true);

/** Whether both have the same values with the same stamps. */
export const sameProfile = (ones: Profile, others: Profile): boolean =>
  ones.name?.value === others.name?.value &&
  ones.name?.iat === others.name?.iat &&
  sameGroups(ones.groups?.value, others.groups?.value) &&
  ones.groups?.iat === others.groups?.iat;

/**
 * Takes what tokens say where it is newer. A profile that arrives while the person is invisible waits: a user shown
 * offline gets no new name and joins no group.
 * @param saidAt - now, when the token's connection only watches: nothing else then decides how long to keep it.
 */
export const mergeProfile = (row: Row, said: Profile, saidAt: StoreMs = 0): void => {
  if (said.name === undefined && said.groups === undefined) return;
  if (isHidden(row)) {
    row.pendingProfile = newerProfile(trueProfile(row), said);
    return;
  }
  Object.assign(row, newerProfile(row, said));
  row.profileSaidAt = Math.max(row.profileSaidAt, saidAt);
};

/** A call counts as a token issued so much later, s: the clocks of issuers differ from ours. */
const CALL_LEAD_S = 5;
/** Tokens are written to the millisecond. */
const TICK_S = 0.001;

/**
 * A backend's word on the groups, as of now: the newest, whatever tokens said before. Others see it at once, also of a
 * hidden user, whose groups change as those of one who left.
 */
export const regroup = (row: Row, groups: readonly string[], today: DayMs): void => {
  const held = trueGroups(row)?.iat ?? 0;
  row.groups = { value: groups, iat: Math.max(today / 1000 + CALL_LEAD_S, held + TICK_S) };
  if (row.pendingProfile === undefined) return;
  const { name } = row.pendingProfile;
  row.pendingProfile = name && { name };
};

/** The pending profile takes effect. */
export const revealProfile = (row: Row): void => {
  if (row.pendingProfile === undefined) return;
  Object.assign(row, trueProfile(row));
  row.pendingProfile = undefined;
};

/** Something of the person is known, so that others may have been shown it. */
export const isHeardOf = (row: Row): boolean =>
  row.ver > 0 || row.name !== undefined || row.groups !== undefined || row.pendingProfile !== undefined;

/** The person is invisible, or was and has not been seen since. */
export const isHidden = (row: Row): boolean => row.hiddenLastSeen !== undefined || isInvisible(row);
