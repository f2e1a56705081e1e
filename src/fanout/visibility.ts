/** What is known of a user's groups. Before a read or an event, nothing may be concluded from them. */
export type KnownGroups = readonly string[] | 'unknown';

/** Whether a viewer may see a user. `unknown` neither shows nor takes away: it waits. */
export type Visibility = 'visible' | 'hidden' | 'unknown';

/** One connection, by what its token and the policy say of whom it may see. */
export interface Viewer {
  /** One's own user id: a user who may see others may always see themselves. Absent for a caller that is no user. */
  readonly self?: string;
  /** The service that watches, which is no user of any tenant. */
  readonly service?: string;
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

/** Whether a user may be watched by id, by what the last read or event said of their groups. */
export const visibility = (
  viewer: Viewer,
  { user, groups }: { readonly user: string; readonly groups: KnownGroups },
): Visibility => {
  if (viewer.everyone) return 'visible';
  if (!viewer.users) return 'hidden';
  if (!viewer.sharedOnly || user === viewer.self) return 'visible';
  if (groups === 'unknown') return 'unknown';
  return sharesGroup(viewer.groups, groups) ? 'visible' : 'hidden';
};

/** Whether two viewers may see the same users. Groups are a set: their order does not count. */
export const seesTheSame = (one: Viewer, other: Viewer): boolean =>
  one.users === other.users && one.everyone === other.everyone && sameGroups(one.groups, other.groups);

const sameGroups = (ones: readonly string[], others: readonly string[]): boolean => {
  if (ones === others) return true;
  const [first, second] = [new Set(ones), new Set(others)];
  return first.size === second.size && ones.every((group) => second.has(group));
};
