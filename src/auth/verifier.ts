import type { Metrics } from '../observability/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { type ClaimRules, principalOf } from './claims.ts';
import type { KeySource } from './keyring.ts';
import { AuthError, type Authenticator, type Principal } from './principal.ts';
import { Semaphore } from './semaphore.ts';
import { authVersionOf, labelOf } from './token-format.ts';
import { TurnBudget } from './turn-budget.ts';

export interface TokenVerifierOptions {
  readonly keys: KeySource;
  readonly rules: ClaimRules;
  readonly metrics: Pick<Metrics, 'authentications' | 'authSeconds'>;
  /** Whether a revocation refuses this token; default: none does. */
  readonly isRevoked?: (principal: Principal) => boolean;
  readonly clock: Clock;
  /** Signatures checked at once on the thread pool; default {@link PARALLEL}. */
  readonly parallel?: number;
  /** ms a turn of the event loop may spend on decryption; default {@link TURN_MS}. */
  readonly turnMs?: number;
}

/**
 * One thread of the pool's four stays free for name lookups and files. More at once verify no more signatures a
 * second, and delay the loop by competing for its core.
 */
const PARALLEL = 3;
/** About fifty decryptions: a turn short enough not to be noticed, even several in a row. */
const TURN_MS = 2;

/**
 * Authenticates the owner of a token. Built for storms: what can be refused without cryptography is refused first;
 * signatures (70 to 450 µs) go to the thread pool, a few at a time; decryption (20 to 40 µs), which would take longer
 * to hand over than to run, stays on the loop, in a small budget per turn.
 */
export class TokenVerifier implements Authenticator {
  readonly #keys: KeySource;
  readonly #rules: ClaimRules;
  readonly #metrics: TokenVerifierOptions['metrics'];
  readonly #clock: Clock;
  readonly #isRevoked: (principal: Principal) => boolean;
  readonly #pool: Semaphore;
  readonly #loop: TurnBudget;

  constructor({
    keys,
    rules,
    metrics,
    isRevoked = () => false,
    clock,
    parallel = PARALLEL,
    turnMs = TURN_MS,
  }: TokenVerifierOptions) {
    this.#keys = keys;
    this.#rules = rules;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#isRevoked = isRevoked;
    this.#pool = new Semaphore(parallel);
    this.#loop = new TurnBudget(turnMs, () => clock.monotonic());
  }

  async verify(token: string): Promise<Principal> {
    const observe = this.#metrics.authSeconds.startTimer();
    const count = (result: string) =>
      this.#metrics.authentications.inc({ result, version: authVersionOf(token) });
    try {
      const principal = await this.#principal(token);
      count('ok');
      return principal;
    } catch (error) {
      const refusal = error instanceof AuthError ? error : unexpected(error);
      count(refusal.reason);
      throw refusal;
    } finally {
      observe();
    }
  }

  async #principal(token: string): Promise<Principal> {
    const { version, kid } = labelOf(token);
    const candidates = this.#keys.current.candidates(version, kid);
    if (candidates.length === 0) throw this.#unknownKey(version);
    const lane = version.endsWith('.public') ? this.#pool : this.#loop;
    for (const key of candidates) {
      const claims = await lane.run(() => key.open(token));
      // Checked by the clock after the wait in the queue, during which the token may have expired.
      if (claims === undefined) continue;
      const principal = principalOf(claims, this.#rules, this.#clock.wall());
      if (this.#isRevoked(principal)) throw new AuthError('revoked', 'The token was revoked.');
      return principal;
    }
    throw new AuthError('bad_signature', 'The token was not made with a known key, or was changed.');
  }

  /** Says when no key at all accepts that kind of token: the issuer then has to change. */
  #unknownKey(version: ReturnType<typeof labelOf>['version']): AuthError {
    const isOfNoUse = this.#keys.current.candidates(version, undefined).length === 0;
    return new AuthError(
      'unknown_key',
      isOfNoUse
        ? `This service has no key for ${version} tokens.`
        : 'The token was made with an unknown key.',
    );
  }
}

/** The library failed in a way it does not document: the token is refused. */
const unexpected = (error: unknown): AuthError =>
  new AuthError('bad_signature', 'The token could not be verified.', { cause: error });
