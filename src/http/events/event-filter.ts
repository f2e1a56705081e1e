import { isGroupId, isUserId } from '../../domain/ids.ts';
import type { Status } from '../../domain/model.ts';
import { invalid } from '../errors.ts';
import type { StreamItem } from './stream-item.ts';

/** The events that a reader selects. An absent filter lets everything through; all that are present must match. */
export interface EventFilter {
  readonly users?: ReadonlySet<string>;
  readonly groups?: ReadonlySet<string>;
  readonly status?: ReadonlySet<Status>;
}

const STATUSES: readonly string[] = ['online', 'away', 'busy', 'offline'] satisfies readonly Status[];

const listOf = <T extends string>(
  name: string,
  text: string | undefined,
  isOne: (word: string) => boolean,
  what: string,
): ReadonlySet<T> | undefined => {
  if (text === undefined) return undefined;
  const words = text.split(',');
  const wrong = words.find((word) => !isOne(word));
  if (wrong !== undefined)
    throw invalid(`query.${name} holds ${JSON.stringify(wrong.slice(0, 40))}, which is ${what}`);
  return new Set(words as T[]);
};

/** @throws ProblemError `invalid` */
export const parseFilter = (query: {
  readonly users?: string;
  readonly groups?: string;
  readonly status?: string;
}): EventFilter => {
  const users = listOf('users', query.users, isUserId, 'not a user id');
  const groups = listOf('groups', query.groups, isGroupId, 'not a group id');
  const isStatus = (word: string): boolean => STATUSES.includes(word);
  const status = listOf<Status>('status', query.status, isStatus, `none of ${STATUSES.join(', ')}`);
  return { ...(users && { users }), ...(groups && { groups }), ...(status && { status }) };
};

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
