import { isUserId } from '../../domain/ids.ts';
import type { UserRef } from '../../domain/model.ts';
import { invalid } from '../errors.ts';

/** The user that a path, or another part of a request, names. @throws ProblemError `invalid` */
export const refOf = (tenant: string, id: string, where = 'path.id'): UserRef => {
  if (!isUserId(id)) throw invalid(`${where} is not a user id`);
  return { tenant, user: id };
};
