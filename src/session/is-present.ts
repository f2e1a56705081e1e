import type { ClientSession } from './client-session.ts';

/** Whether the user is present by the connection. Otherwise the client is sent why nothing is done. */
export const isPresent = (session: ClientSession, ref: string | undefined): boolean => {
  if (session.identity.isMember) return true;
  session.sendError('forbidden', 'this needs the scope connect', ref);
  return false;
};
