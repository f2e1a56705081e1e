import type { DayMs } from '../../domain/clock.ts';
import { deviceMask } from '../../domain/devices.ts';
import { OWN_SOURCE, type UserRef } from '../../domain/model.ts';
import type { RawReply } from '../../redis/functions.ts';
import type {
  CallerProfile,
  ClaimRequest,
  NoteRequest,
  People,
  ServiceClaim,
  SessionRequest,
} from '../port/people.ts';
import type { SelfView } from '../port/views.ts';
import { decodeSelf } from './decode.ts';
import { encodeClaim, encodeNote, encodeProfile, encodeUsers } from './encode.ts';
import type { FunctionName } from './library.ts';
import type { RoleOptions } from './role.ts';

/** One function each. */
export class RedisPeople implements People {
  readonly #role: RoleOptions;

  constructor(role: RoleOptions) {
    this.#role = role;
  }

  async claimOwn(ref: UserRef, claim: ClaimRequest): Promise<SelfView> {
    const self = await this.#self('claim', ref, OWN_SOURCE, encodeClaim(claim));
    const { caller, keys } = this.#role;
    if (claim.status === 'invisible') await caller.awaitReplicas(keys.of(ref));
    return self;
  }

  note(ref: UserRef, note: NoteRequest): Promise<SelfView> {
    return this.#self('note', ref, encodeNote(note));
  }

  claim(ref: UserRef, source: string, claim: ServiceClaim | null, at?: DayMs): Promise<SelfView> {
    return this.#self('claim', ref, source, claim === null ? JSON.stringify({ at }) : encodeClaim(claim));
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

  regroup(ref: UserRef, groups: readonly string[]): Promise<SelfView> {
    return this.#self('regroup', ref, JSON.stringify(groups));
  }

  async #self(name: FunctionName, ref: UserRef, ...args: (string | number)[]): Promise<SelfView> {
    const [self] = await this.#call(name, ref, ...args);
    return decodeSelf(name, ref.user, self);
  }

  /** See single.lua. */
  #call(name: FunctionName, ref: UserRef, ...args: (string | number)[]): Promise<RawReply[]> {
    const { caller, policy } = this.#role;
    const keys = this.#role.keys.of(ref);
    const users = encodeUsers(keys, [ref], () => args);
    return caller.ask(
      name,
      [keys.meta, keys.log, keys.events, keys.due, ...users.keys],
      [policy, ...users.args],
    );
  }
}
