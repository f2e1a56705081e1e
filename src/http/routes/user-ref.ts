import { isUserId } from '../../domain/ids.ts';
import type { UserRef } from '../../domain/model.ts';
import { invalid } from '../errors.ts';

/** The user a path names. @throws ProblemError `invalid` */
export const refOf = (tenant: string, id: string): UserRef => {
  if (!isUserId(id)) throw invalid('path.id is not a user id');
  return { tenant, user: id };
};
