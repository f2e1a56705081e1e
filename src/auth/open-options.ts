import { type Claims, ClaimValidationError, InvalidTokenError, type TokenResult } from 'paseto';
import { badClaimNamed } from './claim-problem.ts';
import { AuthError } from './principal.ts';

/**
 * Makes the library check the form of the claims and leave the times alone: it says only "claim exp is bad", and a
 * metric has to distinguish an expired token from one without an end. The tolerance (ms after multiplying: 10^15)
 * reaches from 1970 past the year 9999, the last one RFC 3339 can write.
 */
const FORM_ONLY = { now: new Date(0), clockTolerance: 1e12, allowNonExpiring: true } as const;

export const openOptions = (implicit: Uint8Array | undefined) =>
  implicit === undefined ? FORM_ONLY : { ...FORM_ONLY, implicitAssertion: implicit };

/** Thrown by a cipher through the library: one object, so that garbage tokens do not cost stack traces. */
export const WRONG_KEY = new Error('another key');

/**
 * Turns what the library throws into the answer of {@link VerifyKey.open}. Its errors are dropped, not kept as a
 * `cause`: below some of them is a JSON error that quotes the claims.
 *
 * @param invalid - what an InvalidTokenError means: with signatures a wrong key cannot be distinguished from bad
 * claims.
 */
export const settle = async (
  opening: Promise<TokenResult>,
  invalid: 'wrong key' | 'malformed',
): Promise<Claims | undefined> => {
  try {
    return (await opening).claims;
  } catch (error) {
    if (error === WRONG_KEY) return undefined;
    if (error instanceof ClaimValidationError) {
      throw badClaimNamed(error.claim);
    }
    if (!(error instanceof InvalidTokenError)) throw error;
    if (invalid === 'wrong key') return undefined;
    throw new AuthError('malformed', 'The token holds no JSON object.');
  }
};
