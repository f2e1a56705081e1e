import { AuthError, ownerOf, type Principal } from '../auth/principal.ts';
import { ownerKey } from '../domain/model.ts';
import type { CloseCodeNumber, ErrorCode } from '../protocol/codes.ts';
import { AdmissionError, admit } from './admission.ts';
import type { SessionHost } from './host.ts';

/** Why a token cannot be used, as an `error` frame says it. */
export interface Refusal {
  readonly isRevoked?: boolean;
  readonly code: ErrorCode;
  readonly message: string;
}
type Verdict = { readonly principal: Principal } | { readonly refusal: Refusal };

/** @param tenant - `?tenant=` of the upgrade, with which every token of the connection has to go. */
export const verifyToken = async (
  { authenticator, log }: Pick<SessionHost, 'authenticator' | 'log'>,
  token: string,
  tenant: string | undefined,
): Promise<Verdict> => {
  try {
    return { principal: admit(await authenticator.verify(token), tenant) };
  } catch (error) {
    if (error instanceof AuthError || error instanceof AdmissionError) {
      const isRevoked = error instanceof AuthError && error.reason === 'revoked';
      return { refusal: { code: error.code, message: error.message, isRevoked } };
    }
    log.error({ err: error }, 'token verification failed unexpectedly');
    return { refusal: { code: 'unavailable', message: 'the token could not be verified' } };
  }
};

/** The close code of a socket whose first token is refused. */
export const entryRefused = ({ code, isRevoked }: Refusal): CloseCodeNumber => {
  if (code === 'unavailable') return 1013;
  return code === 'unauthorized' && !isRevoked ? 4401 : 4403;
};

/** A token for an open connection: it has to continue what the current one began. */
export const verifyRenewal = async (
  host: Pick<SessionHost, 'authenticator' | 'log'>,
  token: string,
  tenant: string | undefined,
  current: Principal,
): Promise<Verdict> => {
  const verdict = await verifyToken(host, token, tenant);
  const refusal = 'refusal' in verdict ? undefined : discontinuity(current, verdict.principal);
  return refusal === undefined ? verdict : { refusal };
};

const discontinuity = (old: Principal, next: Principal): Refusal | undefined => {
  if (ownerKey(ownerOf(next)) !== ownerKey(ownerOf(old))) {
    return { code: 'invalid', message: 'a renewal must be of the same user and tenant' };
  }
  // An older token would bring back scopes and groups that were taken away since.
  return (next.iat ?? 0) < (old.iat ?? 0)
    ? { code: 'invalid', message: 'a renewal must not be older than the current token' }
    : undefined;
};
