import type { CachedUser } from './cached-user.ts';

/** Whom one connection may see, as its token and the policy say. */
export interface Sight {
  /** One's own user id: oneself may always be seen by whoever may see anybody. Absent for who is no user. */
  readonly self?: string;
  /** Single users, and the own groups. */
  readonly users: boolean;
  /** Everyone of the tenant, whatever the policy. */
  readonly everyone: boolean;
  readonly groups: readonly string[];
  /** The policy: of others, only people who share a group. */
  readonly sharedOnly: boolean;
}

export const sharesGroup = (ones: readonly string[], others: readonly string[] | undefined): boolean =>
  others?.some((group) => ones.includes(group)) === true;

/** Whether a user may be watched by id. What is known of their groups is what the last read or event said. */
export const maySee = (sight: Sight, { user, groups }: Pick<CachedUser, 'user' | 'groups'>): boolean =>
  sight.everyone ||
  (sight.users && (!sight.sharedOnly || user === sight.self || sharesGroup(sight.groups, groups)));
