import { deviceMask } from '../../domain/devices.ts';
import { EARLIEST_MS, revocationBefore } from '../../domain/ending.ts';
import { OWN_SOURCE, rowOfOwner, type TokenOwner, type UserRef } from '../../domain/model.ts';
import type { EndingKind } from '../../domain/row.ts';
import type { RawReply } from '../../redis/functions.ts';
import type { PartitionKeys } from '../../redis/keys.ts';
import type { CallerProfile, Revocation, ServiceClaim, SessionRequest } from '../calls.ts';
import type { PresenceEnding } from '../log-entry.ts';
import type { ClaimRequest, SelfView } from '../presence-store.ts';
import type { Caller } from './caller.ts';
import { decodeSelf } from './decode.ts';
import { encodeClaim, encodeProfile, encodeUsers } from './encode.ts';
import type { FunctionName } from './library.ts';

export interface UserCallsOptions {
  readonly caller: Caller;
  readonly policy: string;
  readonly keysOf: (ref: UserRef) => PartitionKeys;
}

/** Changes of one user by callers without a socket: one function each. */
export class UserCalls {
  readonly #options: UserCallsOptions;

  constructor(options: UserCallsOptions) {
    this.#options = options;
  }

  async claimOwn(ref: UserRef, claim: ClaimRequest): Promise<SelfView> {
    const self = await this.#self('claim', ref, OWN_SOURCE, encodeClaim(claim));
    const { caller, keysOf } = this.#options;
    if (claim.status === 'invisible') await caller.awaitReplicas(keysOf(ref));
    return self;
  }

  claim(ref: UserRef, source: string, claim: ServiceClaim | null): Promise<SelfView> {
    return this.#self('claim', ref, source, claim === null ? '' : encodeClaim(claim));
  }

  keepSession(ref: UserRef, id: string, session: SessionRequest, profile: CallerProfile): Promise<SelfView> {
    const { ttlMs, activity = '', device } = session;
    return this.#self(
      'session',
      ref,
      id,
      Math.round(ttlMs),
      activity,
      deviceMask([device]),
      encodeProfile(profile),
    );
  }

  async endSession(ref: UserRef, id: string): Promise<void> {
    await this.#call('session', ref, id, '', '', 0, '');
  }

  touch(ref: UserRef, profile: CallerProfile): Promise<SelfView> {
    return this.#self('touch', ref, encodeProfile(profile));
  }

  end(ref: UserRef, how: PresenceEnding): Promise<void> {
    return this.#finish(ref, how);
  }

  async revoke(owner: TokenOwner, before?: number): Promise<void> {
    const { caller, keysOf } = this.#options;
    const row = rowOfOwner(owner);
    if (before === undefined) await this.#finish(row, 'revoke');
    else if (before >= EARLIEST_MS) {
      await this.refuse(keysOf(row), [{ ...owner, at: revocationBefore(before) }]);
    }
    await caller.awaitReplicas(keysOf(row));
  }

  /** @param revocations - all of the partition that the keys are of. */
  async refuse(keys: PartitionKeys, revocations: readonly Revocation[]): Promise<void> {
    const { caller, policy } = this.#options;
    const rows = revocations.map((one) => ({ ...rowOfOwner(one), at: one.at }));
    const users = encodeUsers(keys, rows, ({ at }) => [at]);
    const own = [keys.meta, keys.log, keys.events, keys.due, keys.revoked];
    await caller.ask('refuse', [...own, ...users.keys], [policy, ...users.args]);
  }

  async forget(ref: UserRef): Promise<void> {
    await this.#finish(ref, 'forget');
    const { caller, keysOf } = this.#options;
    await caller.awaitReplicas(keysOf(ref));
  }

  async #finish(ref: UserRef, how: EndingKind): Promise<void> {
    const { caller, policy, keysOf } = this.#options;
    const keys = keysOf(ref);
    const users = encodeUsers(keys, [ref], () => [how, keys.node('')]);
    await caller.ask(
      'finish',
      [keys.meta, keys.log, keys.events, keys.due, keys.revoked, ...users.keys],
      [policy, ...users.args],
    );
  }

  async #self(name: FunctionName, ref: UserRef, ...args: (string | number)[]): Promise<SelfView> {
    const [self] = await this.#call(name, ref, ...args);
    return decodeSelf(name, ref.user, self);
  }

  /** See single.lua. */
  #call(name: FunctionName, ref: UserRef, ...args: (string | number)[]): Promise<RawReply[]> {
    const { caller, policy, keysOf } = this.#options;
    const keys = keysOf(ref);
    const users = encodeUsers(keys, [ref], () => args);
    return caller.ask(
      name,
      [keys.meta, keys.log, keys.events, keys.due, ...users.keys],
      [policy, ...users.args],
    );
  }
}
