import { AuthError, SCOPES } from './principal.ts';

const TIME = 'a time as text with its zone, such as "2026-11-30T17:00:00Z"';
const PLACES =
  'a list of at most 64 places, each an id or a prefix that ends in "*" behind one of : / . -, such as "doc:*"';
const ID = '1 to 128 bytes of UTF-8 without control characters';

/** What each claim must be, for people who issue tokens. */
const SHAPES: Readonly<Record<string, string>> = {
  sub: `a user id: ${ID}`,
  exp: TIME,
  iat: TIME,
  nbf: TIME,
  tenant: '1 to 64 letters, digits, dots, underscores or hyphens',
  name: 'a text of at most 256 bytes of UTF-8 with something visible in it',
  groups: `a list of at most 64 group ids, each ${ID}`,
  places: PLACES,
  placesWatch: PLACES,
  scope: `words with spaces between them, such as "connect watch", of ${SCOPES.join(', ')}`,
};

/** Its kind, never its value: what is refused may still be a secret. */
const kindOf = (value: unknown): string => {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return value === '' ? 'empty' : 'another text';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
};

const shapeOf = (claim: string): string => SHAPES[claim] ?? 'of another form';

/**
 * A claim that is not what it must be. The message says what was found and what is meant.
 *
 * @param found - what the value is, where its kind alone does not say it.
 */
export const badClaim = (claim: string, value: unknown, found = ''): AuthError =>
  new AuthError(
    'bad_claims',
    `The claim "${claim}" is ${found === '' ? kindOf(value) : found}; it must be ${shapeOf(claim)}.`,
  );

/** The same where only the name of the claim is known. */
export const badClaimNamed = (claim: string | undefined): AuthError =>
  new AuthError(
    'bad_claims',
    claim === undefined ? 'A claim is not valid.' : `The claim "${claim}" must be ${shapeOf(claim)}.`,
  );
