import type { Status } from '../domain/model.ts';
import type { PlaceFilter } from './place-filter.ts';
import type { StreamItem } from './stream-item.ts';

/**
 * The events that a reader selects. An absent filter lets every transition through; all that are present must match.
 * What happens in places is beside them: {@link places} alone decides about it.
 */
export interface EventFilter {
  readonly users?: ReadonlySet<string>;
  readonly groups?: ReadonlySet<string>;
  readonly status?: ReadonlySet<Status>;
  /** Absent: none. */
  readonly places?: PlaceFilter;
}

/**
 * A forgotten user passes whatever groups and statuses are selected, because every reader has to drop what it holds
 * of them.
 */
export const passes = (
  { users, groups, status, places }: EventFilter,
  { user, transition, place }: StreamItem,
): boolean => {
  if (place !== undefined) return places?.has(place.place) ?? false;
  if (users !== undefined && !users.has(user)) return false;
  if (transition === undefined) return true;
  if (status !== undefined && !status.has(transition.status)) return false;
  return groups === undefined || (transition.groups ?? []).some((group) => groups.has(group));
};
