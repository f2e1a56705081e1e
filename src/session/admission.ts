import type { Principal } from '../auth/principal.ts';
import type { Device } from '../domain/model.ts';

/** Whether a device is in use. */
export type Activity = 'active' | 'idle';

/** What is known of a connection when its socket opens. */
export interface Admission {
  readonly device: Device;
  /** What it says of the device while opening: `?activity=`. */
  readonly activity?: Activity;
  /** What its limits are counted by. */
  readonly address: string;
  /** `?tenant=`: service tokens of tenant `*` name the one they mean. */
  readonly tenant?: string;
  /** Absent when the first frame is to sign in. */
  readonly principal?: Principal;
}

/** The token is good, but not for this. */
export class AdmissionError extends Error {
  readonly code: 'forbidden' | 'invalid';
  constructor(code: 'forbidden' | 'invalid', message: string) {
    super(message);
    this.name = 'AdmissionError';
    this.code = code;
  }
}

/** Whether the token makes its user present; without it a connection only watches. */
export const mayConnect = ({ scopes }: Principal): boolean => scopes.has('connect');

/** Whether single users may be watched. Who may see everyone may see one. */
export const mayWatchUsers = ({ scopes }: Principal): boolean =>
  scopes.has('watch') || scopes.has('watch:tenant');

export const mayWatchTenant = ({ scopes }: Principal): boolean => scopes.has('watch:tenant');

/**
 * Who a connection is, given a good token and the tenant it asked for.
 *
 * @throws AdmissionError when the token allows nothing here, or does not go with that tenant.
 */
export const admit = (principal: Principal, tenant?: string): Principal => {
  if (!mayConnect(principal) && !mayWatchUsers(principal)) {
    throw new AdmissionError('forbidden', 'the token allows neither to be present nor to watch');
  }
  if (principal.service !== undefined) {
    if (tenant === undefined)
      throw new AdmissionError(
        'invalid',
        'the tenant of this token is "*": say with ?tenant= which one is meant',
      );
    return principal;
  }
  // Not even its own: a service that forwards a `?tenant=` would else notice too late that it names the wrong one.
  if (tenant !== undefined)
    throw new AdmissionError(
      'forbidden',
      'this token is for one tenant: leave out ?tenant=, which only a token of tenant "*" may set',
    );
  return principal;
};
