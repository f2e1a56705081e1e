import type { Status } from '../domain/model.ts';
import type { StreamItem } from './stream-item.ts';

/** The events that a reader selects. An absent filter lets everything through; all that are present must match. */
export interface EventFilter {
  readonly users?: ReadonlySet<string>;
  readonly groups?: ReadonlySet<string>;
  readonly status?: ReadonlySet<Status>;
}

/**
 * A forgotten user passes whatever groups and statuses are selected, because every reader has to drop what it holds
 * of them.
 */
export const passes = ({ users, groups, status }: EventFilter, { user, transition }: StreamItem): boolean => {
  if (users !== undefined && !users.has(user)) return false;
  if (transition === undefined) return true;
  if (status !== undefined && !status.has(transition.status)) return false;
  return groups === undefined || (transition.groups ?? []).some((group) => groups.has(group));
};
