import { isGroupId, isUserId } from '../domain/ids.ts';
import type { Status } from '../domain/model.ts';
import { isPlacePattern } from '../domain/place-pattern.ts';
import type { EventFilter } from '../streams/event-filter.ts';
import { EVERY_PLACE, PlaceFilter } from '../streams/place-filter.ts';
import { invalid } from './errors.ts';

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
  readonly places?: string;
}): EventFilter => {
  const users = listOf('users', query.users, isUserId, 'not a user id');
  const groups = listOf('groups', query.groups, isGroupId, 'not a group id');
  const isStatus = (word: string): boolean => STATUSES.includes(word);
  const status = listOf<Status>('status', query.status, isStatus, `none of ${STATUSES.join(', ')}`);
  const isPlaces = (word: string): boolean => word === EVERY_PLACE || isPlacePattern(word);
  const places = listOf(
    'places',
    query.places,
    isPlaces,
    'neither a place id, nor a prefix before `*` that ends in one of : / . -',
  );
  return {
    ...(users && { users }),
    ...(groups && { groups }),
    ...(status && { status }),
    ...(places && { places: new PlaceFilter([...places]) }),
  };
};
