import type { FastifyRequest } from 'fastify';
import { AuthError, type Authenticator } from '../auth/principal.ts';
import type { Settings } from '../config/settings.ts';
import { isTenantId } from '../domain/ids.ts';
import { DEVICES, type Device } from '../domain/model.ts';
import type { UpgradeResult } from '../observability/series.ts';
import type { CloseCodeNumber } from '../protocol/codes.ts';
import { type Activity, type Admission, AdmissionError, admit } from '../session/admission.ts';
import type { ClientAddresses } from './client-address.ts';
import { invalid, problemFor, unavailable } from './errors.ts';
import type { AddressLimit } from './limits.ts';
import { ProblemError } from './problem.ts';
import { offeredToken } from './websocket-token.ts';

/** What becomes of an upgrade. */
export type Verdict =
  | { readonly result: UpgradeResult; readonly admission: Admission }
  /** Accepted only to be closed with a code, because a browser cannot see why an upgrade was refused. */
  | {
      readonly result: UpgradeResult;
      readonly close: { readonly code: CloseCodeNumber; readonly reason: string };
    }
  | { readonly result: UpgradeResult; readonly problem: ProblemError };

export interface AdmissionDeps {
  readonly settings: Pick<Settings, 'tokenInQuery' | 'allowedOrigins'>;
  readonly authenticator: Authenticator;
  /** Counts an upgrade. @throws ProblemError `rate_limited` */
  readonly limitUpgrade: AddressLimit;
  readonly addresses: Pick<ClientAddresses, 'keyOf'>;
  /** Why this node takes no more connections now, if it does not. */
  readonly congestion: () => 'draining' | 'overloaded' | undefined;
  /** Whether there is room for one more of an address that has not said who it is. */
  readonly admits: (address: string) => boolean;
  /** Too many sockets were opened only to be closed: refuse without opening. */
  readonly overrun: () => boolean;
  readonly onUnexpected: (error: unknown) => void;
}

/** Why not, in both of the ways in which it can be said. */
interface Refusal {
  readonly result: UpgradeResult;
  readonly code: CloseCodeNumber;
  readonly reason: string;
  readonly problem: ProblemError;
}
type Finding = { readonly admission: Admission } | { readonly refusal: Refusal };

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

/** What may stand in the query; a token has been taken out of it before. */
const QUERY_NAMES: readonly string[] = ['device', 'tenant', 'token', 'activity'];

/** @throws ProblemError */
export const checkNames = (query: object): void => {
  const unknown = Object.keys(query).find((name) => !QUERY_NAMES.includes(name));
  if (unknown !== undefined) throw invalid(`query.${unknown.slice(0, 80)} is not known`);
};

/** @throws ProblemError */
const activityOf = (value: unknown): Activity | undefined => {
  if (value === undefined || value === 'active' || value === 'idle') return value;
  throw invalid('query.activity must be active or idle');
};

/** What the query and the address say of a connection. @throws ProblemError */
const placeOf = (request: FastifyRequest, address: string): Admission => {
  const query = request.query as {
    readonly device?: unknown;
    readonly tenant?: unknown;
    readonly activity?: unknown;
  };
  checkNames(query);
  const tenant = askedTenant(query.tenant);
  const activity = activityOf(query.activity);
  return {
    device: deviceOf(query.device),
    address,
    ...(tenant !== undefined && { tenant }),
    ...(activity !== undefined && { activity }),
  };
};

const noRoom = (result: 'draining' | 'overloaded' | 'failed', reason: string): Refusal => ({
  result,
  code: result === 'draining' ? 1012 : 1013,
  reason,
  problem: unavailable(`Cannot connect now: ${reason}.`),
});

/** A token that is not good, or not good for this. */
const refusalOf = (error: AuthError | AdmissionError): Refusal => {
  const reason = error.message;
  if (error instanceof AuthError) {
    // A revoked token never becomes valid, so its client must stop, like clients whose sockets were open.
    const code = error.reason === 'revoked' ? 4403 : 4401;
    return { result: 'unauthorized', code, reason, problem: problemFor(error) ?? invalid(reason) };
  }
  const status = error.code === 'invalid' ? 400 : 403;
  return { result: 'forbidden', code: 4403, reason, problem: new ProblemError(status, error.code, reason) };
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
    this.#deps.limitUpgrade(request.raw);
    const address = this.#deps.addresses.keyOf(request.raw);
    if (originRefused(request, this.#deps.settings.allowedOrigins)) {
      const problem = new ProblemError(403, 'forbidden', 'Pages of this origin are not allowed here.');
      return { result: 'origin_refused', problem };
    }
    checkHandshake(request);
    const place = placeOf(request, address);
    const offered = offeredToken(request.raw, this.#deps.settings.tokenInQuery);
    const found = await this.#find(place, offered?.token);
    if ('admission' in found) return { result: 'accepted', admission: found.admission };
    const { result, code, reason, problem } = found.refusal;
    // Opening a socket to close it has a cost too: beyond a limit no client gets that.
    if (offered?.inHeader === true || this.#deps.overrun()) return { result, problem };
    return { result, close: { code, reason } };
  }

  async #find(place: Admission, token: string | AuthError | undefined): Promise<Finding> {
    const { congestion, admits, authenticator, onUnexpected } = this.#deps;
    const congested = congestion();
    if (congested === 'draining') return { refusal: noRoom('draining', 'this node is restarting') };
    if (congested === 'overloaded') return { refusal: noRoom('overloaded', 'too many connections') };
    if (token === undefined) {
      if (admits(place.address)) return { admission: place };
      return { refusal: noRoom('overloaded', 'too many connections without a token') };
    }
    if (token instanceof AuthError) return { refusal: refusalOf(token) };
    try {
      return { admission: { ...place, principal: admit(await authenticator.verify(token), place.tenant) } };
    } catch (error) {
      if (error instanceof AuthError || error instanceof AdmissionError) return { refusal: refusalOf(error) };
      onUnexpected(error);
      return { refusal: noRoom('failed', 'the token could not be verified') };
    }
  }
}
