import { AuthError, ownerOf, type Principal } from '../auth/principal.ts';
import { ownerKey } from '../domain/model.ts';
import type { AuthFrame } from '../protocol/client-frames.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { AdmissionError, admit, mayConnect } from './admission.ts';
import type { ClientSession } from './client-session.ts';

/** Why a token cannot be used, as an `error` frame says it. */
interface Refusal {
  readonly isRevoked?: boolean;
  readonly code: ErrorCode;
  readonly message: string;
}
type Verdict = { readonly principal: Principal } | { readonly refusal: Refusal };

const verify = async ({ host, askedTenant }: ClientSession, token: string): Promise<Verdict> => {
  try {
    return { principal: admit(await host.authenticator.verify(token), askedTenant) };
  } catch (error) {
    if (error instanceof AuthError || error instanceof AdmissionError) {
      const isRevoked = error instanceof AuthError && error.reason === 'revoked';
      return { refusal: { code: error.code, message: error.message, isRevoked } };
    }
    host.log.error({ err: error }, 'token verification failed unexpectedly');
    return { refusal: { code: 'unavailable', message: 'the token could not be verified' } };
  }
};

const refuseEntry = (session: ClientSession, { code, message, isRevoked }: Refusal): void => {
  if (code === 'unauthorized' && !isRevoked) session.close(4401, message);
  else if (code === 'unavailable') session.close(1013, message);
  else session.close(4403, message);
};

/** The first frame of a socket that came without a token. */
export const signIn = async (session: ClientSession, { token, ref, activity }: AuthFrame): Promise<void> => {
  const verdict = await verify(session, token);
  if (session.over) return;
  if ('refusal' in verdict) refuseEntry(session, verdict.refusal);
  else session.enter(verdict.principal, ref, activity);
};

/** What keeps a new token from continuing what the old one began. */
const discontinuity = (old: Principal, next: Principal): string | undefined => {
  if (ownerKey(ownerOf(next)) !== ownerKey(ownerOf(old))) {
    return 'a renewal must be of the same user and tenant';
  }
  // An older token would bring back scopes and groups that were taken away since.
  return (next.iat ?? 0) < (old.iat ?? 0) ? 'a renewal must not be older than the current token' : undefined;
};

/** A new token for an open connection: what it says counts from now on. A bad one changes nothing. */
export const renew = async (session: ClientSession, frame: AuthFrame): Promise<void> => {
  const { token, ref } = frame;
  const verdict = await verify(session, token);
  if (session.over) return;
  if ('refusal' in verdict) {
    session.sendError(verdict.refusal.code, verdict.refusal.message, ref);
    return;
  }
  const problem = discontinuity(session.principal, verdict.principal);
  if (problem === undefined) replace(session, verdict.principal, frame);
  else session.sendError('invalid', problem, ref);
};

const replace = (session: ClientSession, next: Principal, { ref, activity }: AuthFrame): void => {
  const changesRole = mayConnect(session.principal) !== mayConnect(next);
  // Without `connect` the user is no longer present here, and will not come back: that is a goodbye.
  if (changesRole) session.disappear('goodbye');
  session.replacePrincipal(next);
  if (changesRole) {
    session.opens(activity);
    session.appear(ref);
  } else if (mayConnect(next)) {
    const { membership } = session.host;
    membership.renewed(session);
    // A renewal by itself is none.
    if (activity === 'active') session.wasActive();
    session.welcome(membership.selfOf(session.ref), ref);
  } else {
    session.host.observers.renewed(session);
    session.welcome(undefined, ref);
  }
  // After the answer: a client that reads on for its `welcome` would else skip what it lost by it.
  session.withdraw();
};
