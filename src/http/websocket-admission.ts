import type { FastifyRequest } from 'fastify';
import { AuthError, type Authenticator } from '../auth/principal.ts';
import type { Settings } from '../config/settings.ts';
import { isTenantId } from '../domain/ids.ts';
import { DEVICES, type Device } from '../domain/model.ts';
import type { CloseCodeNumber } from '../protocol/codes.ts';
import { type Admission, AdmissionError, admit } from '../session/admission.ts';
import { addressKey } from './address.ts';
import { invalid, problemFor, unavailable } from './errors.ts';
import { spend } from './limits.ts';
import { ProblemError } from './problem.ts';
import type { RateLimiter } from './rate-limit.ts';
import { type OfferedToken, offeredToken } from './websocket-token.ts';

/** How upgrades end; the label of a metric. */
type UpgradeResult =
  | 'accepted'
  | 'rate_limited'
  | 'invalid'
  | 'origin_refused'
  | 'draining'
  | 'overloaded'
  | 'unauthorized'
  | 'forbidden'
  | 'failed';

/** What becomes of an upgrade. */
export type Verdict =
  | { readonly result: UpgradeResult; readonly admission: Admission }
  /** Accepted only to be closed with a code, because a browser cannot see why an upgrade was refused. */
  | { readonly result: UpgradeResult; readonly code: CloseCodeNumber; readonly reason: string }
  | { readonly result: UpgradeResult; readonly problem: ProblemError };

export interface AdmissionDeps {
  readonly settings: Pick<Settings, 'tokenInQuery' | 'allowedOrigins'>;
  readonly authenticator: Authenticator;
  /** Upgrades a second by address. */
  readonly upgrades: RateLimiter;
  /** What keeps this node from taking any more connections now. */
  readonly congestion: () => 'draining' | 'overloaded' | 'overrun' | undefined;
  readonly onUnexpected: (error: unknown) => void;
}

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Before the token is looked at, so that a broken client learns what is wrong with it. @throws ProblemError */
const checkHandshake = ({ headers }: FastifyRequest): void => {
  if (headers['sec-websocket-version'] !== '13') {
    throw new ProblemError(426, 'invalid', 'Only version 13 of WebSocket is spoken here.', {
      'sec-websocket-version': '13',
      upgrade: 'websocket',
    });
  }
  if (!KEY.test(headers['sec-websocket-key'] ?? ''))
    throw invalid('Sec-WebSocket-Key is missing or malformed.');
};

/** CORS does not cover WebSockets: any page may open one, and its browser says which page that was. */
const originRefused = ({ headers }: FastifyRequest, allowed: Settings['allowedOrigins']): boolean =>
  allowed !== '*' && headers.origin !== undefined && !allowed.includes(headers.origin);

/** @throws ProblemError */
const deviceOf = (value: unknown): Device => {
  if (value === undefined) return 'web';
  // The table's own string, not the part of the URL: that would keep the whole URL in memory.
  const device = DEVICES.find((known) => known === value);
  if (device === undefined) throw invalid(`query.device must be one of ${DEVICES.join(', ')}`);
  return device;
};

/** @throws ProblemError */
const askedTenant = (value: unknown): string | undefined => {
  if (value === undefined || isTenantId(value)) return value;
  throw invalid('query.tenant must be 1 to 64 letters, digits, dots, underscores or hyphens');
};

const CONGESTED = {
  draining: { result: 'draining', code: 1012, reason: 'this node is restarting' },
  overloaded: { result: 'overloaded', code: 1013, reason: 'too many connections' },
} as const;

const congested = (kind: 'draining' | 'overloaded' | 'overrun', inHeader: boolean): Verdict => {
  const verdict = CONGESTED[kind === 'overrun' ? 'overloaded' : kind];
  // Opening a socket to close it has a cost too: there is a point from which on nobody gets that.
  if (!inHeader && kind !== 'overrun') return verdict;
  return { result: verdict.result, problem: unavailable(`Not here and now: ${verdict.reason}.`) };
};

const REFUSED: Readonly<Record<string, readonly [UpgradeResult, CloseCodeNumber]>> = {
  unauthorized: ['unauthorized', 4401],
  forbidden: ['forbidden', 4403],
  invalid: ['forbidden', 4403],
};

/** A token that is not good, or not good for this. */
const refused = (error: AuthError | AdmissionError, inHeader: boolean): Verdict => {
  const [result, code] = REFUSED[error.code] ?? (['failed', 1013] as const);
  if (!inHeader) return { result, code, reason: error.message };
  if (error instanceof AuthError) return { result, problem: problemFor(error) ?? invalid(error.message) };
  return {
    result,
    problem: new ProblemError(error.code === 'invalid' ? 400 : 403, error.code, error.message),
  };
};

/** Decides what becomes of upgrades, in the order of what a check costs. */
export class UpgradeAdmission {
  readonly #deps: AdmissionDeps;

  constructor(deps: AdmissionDeps) {
    this.#deps = deps;
  }

  async decide(request: FastifyRequest): Promise<Verdict> {
    try {
      return await this.#decide(request);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      return { result: error.code === 'rate_limited' ? 'rate_limited' : 'invalid', problem: error };
    }
  }

  async #decide(request: FastifyRequest): Promise<Verdict> {
    const { settings, upgrades, congestion } = this.#deps;
    const address = addressKey(request.ip);
    spend(upgrades, address);
    if (originRefused(request, settings.allowedOrigins)) {
      return {
        result: 'origin_refused',
        problem: new ProblemError(403, 'forbidden', 'Pages of this origin are not allowed here.'),
      };
    }
    checkHandshake(request);
    const query = request.query as { readonly device?: unknown; readonly tenant?: unknown };
    const tenant = askedTenant(query.tenant);
    const place = { device: deviceOf(query.device), address, ...(tenant !== undefined && { tenant }) };

    const offered = this.#offered(request);
    const kind = congestion();
    if (kind !== undefined)
      return congested(kind, !(offered instanceof AuthError) && offered?.inHeader === true);
    if (offered === undefined) return { result: 'accepted', admission: place };
    if (offered instanceof AuthError) return refused(offered, request.headers.authorization !== undefined);
    return this.#verified(offered, place);
  }

  #offered(request: FastifyRequest): OfferedToken | AuthError | undefined {
    try {
      return offeredToken(request.raw, this.#deps.settings.tokenInQuery);
    } catch (error) {
      if (error instanceof AuthError) return error;
      throw error;
    }
  }

  async #verified({ token, inHeader }: OfferedToken, place: Admission): Promise<Verdict> {
    try {
      const principal = admit(await this.#deps.authenticator.verify(token), place.tenant);
      return { result: 'accepted', admission: { ...place, principal } };
    } catch (error) {
      if (error instanceof AuthError || error instanceof AdmissionError) return refused(error, inHeader);
      this.#deps.onUnexpected(error);
      if (inHeader) return { result: 'failed', problem: unavailable('The token could not be verified.') };
      return { result: 'failed', code: 1013, reason: 'the token could not be verified' };
    }
  }
}
