import { isUserId } from '../../domain/ids.ts';
import type { Device } from '../../domain/model.ts';
import { parsePlaceData } from '../../protocol/place-data.ts';
import type { SessionRequest } from '../../store/port/people.ts';
import { invalid } from '../errors.ts';
import { idSchema } from '../schemas.ts';

export const SessionIdSchema = idSchema('a session id', 'any name for this presence: ', 'phone-1');

/** @throws ProblemError `invalid` */
export const sessionIdOf = (id: string, where = 'path.id'): string => {
  // The same rules as for users: it stands in a path, and is kept.
  if (!isUserId(id)) throw invalid(`${where} is not a session id`);
  return id;
};

interface Asked {
  readonly ttlSeconds: number;
  readonly activity?: 'active' | 'idle';
  readonly device?: Device;
}

export const sessionRequestOf = ({ ttlSeconds, activity, device = 'web' }: Asked): SessionRequest => ({
  ttlMs: ttlSeconds * 1000,
  device,
  ...(activity !== undefined && { activity }),
});

/** What is said in a place, as it is stored. @throws FieldError */
export const placeDataOf = (body: { readonly data?: unknown }): string | undefined =>
  body.data === undefined ? undefined : parsePlaceData(body.data);

/** What a session in a place answers. */
export const stayOf = (place: string, data: string | undefined, places: readonly string[]) => ({
  place,
  ...(data !== undefined && { data: JSON.parse(data) as object }),
  places,
});
