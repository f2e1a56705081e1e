import { mergeOwnClaim } from '../../domain/absorb.ts';
import { adornmentOf, saysSomething } from '../../domain/adornment.ts';
import { isNews, setClaim } from '../../domain/claims.ts';
import type { DayMs, HybridMicros } from '../../domain/clock.ts';
import { deviceMask } from '../../domain/devices.ts';
import { isRevoked } from '../../domain/ending.ts';
import type { Claim, UserRef } from '../../domain/model.ts';
import { setNote, trueNote } from '../../domain/note.ts';
import { isHeardOf, mergeProfile, profileOf, regroup, trueProfile } from '../../domain/profile.ts';
import type { Row } from '../../domain/row.ts';
import { endSession, keepSession, touch } from '../../domain/sessions.ts';
import type {
  CallerProfile,
  ClaimRequest,
  NoteRequest,
  People,
  ServiceClaim,
  SessionRequest,
} from '../port/people.ts';
import { StoreError } from '../port/store-error.ts';
import type { SelfView } from '../port/views.ts';
import { type Call, change } from './change.ts';
import { timeOfDay } from './memory-partition.ts';
import { announce, announceGroups, announceNote, usedSelfOf } from './self.ts';
import type { Shards } from './shards.ts';

export class MemoryPeople implements People {
  readonly #shards: Shards;

  constructor(shards: Shards) {
    this.#shards = shards;
  }

  async claimOwn(ref: UserRef, claim: ClaimRequest): Promise<SelfView> {
    return change(this.#shards, ref, { deliberate: 'claim' }, ({ shard, row, order }) => {
      const stamp = Math.max(order, (row.ownClaim?.stamp ?? 0) + 1);
      // A node where the user only watches has to know as well: while the user hides, it must not report what others
      // would see.
      const hides = claim.status === 'invisible' || row.ownClaim?.status === 'invisible';
      mergeOwnClaim(row, { ...claim, stamp });
      shard.clock.raise(stamp);
      return () => {
        if (row.nodes.size > 0 || hides) announce(shard, ref, row);
      };
    });
  }

  async note(ref: UserRef, note: NoteRequest): Promise<SelfView> {
    const shard = this.#shards.of(ref);
    const known = shard.peek(ref);
    if (trueNote(known) === undefined && !saysSomething(note)) return usedSelfOf(shard, ref, known);
    return change(this.#shards, ref, {}, ({ row, order }) => {
      const stamp = Math.max(order, (trueNote(row)?.stamp ?? 0) + 1);
      setNote(row, { ...(saysSomething(note) && adornmentOf(note)), stamp });
      shard.clock.raise(stamp);
      return () => {
        if (row.nodes.size > 0) announceNote(shard, ref, row);
      };
    });
  }

  async claim(ref: UserRef, source: string, claim: ServiceClaim | null, at?: DayMs): Promise<SelfView> {
    const shard = this.#shards.of(ref);
    const known = shard.peek(ref);
    const saidAt = claim ? claim.at : at;
    if (claim === null && at === undefined && !known.claims.has(source)) return usedSelfOf(shard, ref, known);
    const today = timeOfDay(shard.now);
    if (!isNews(known, source, { stamp: 0, ...(saidAt !== undefined && { at: saidAt }) }, today)) {
      return usedSelfOf(shard, ref, known);
    }
    return change(this.#shards, ref, { deliberate: 'claim' }, ({ row, order }) => {
      const stamp = order + 1;
      const word = claim ? claimOf(claim, stamp, today) : { stamp, ...(at !== undefined && { at }) };
      const verdict = setClaim(row, source, word, today);
      if (verdict === 'outdated') throw new StoreError('outdated', 'a later word of this source is known');
      if (verdict === 'too_many')
        throw new StoreError('too_many_claims', 'services have set as many claims as one user may have');
      shard.clock.raise(stamp);
    });
  }

  async keepSession(
    ref: UserRef,
    id: string,
    session: SessionRequest,
    profile: CallerProfile,
  ): Promise<SelfView> {
    return change(this.#shards, ref, {}, ({ shard, row, now }) => {
      refuseRevoked(row, profile);
      const { ttlMs, activity, device } = session;
      const report = {
        expiresAt: now + ttlMs,
        activity,
        devices: deviceMask([device]),
        issued: issuedOf(profile),
      };
      if (!keepSession(row, id, report, now)) {
        throw new StoreError('too_many_sessions', 'there are as many sessions as one user may have');
      }
      this.#takeProfile({ shard, ref, row }, profile);
    });
  }

  async endSession(ref: UserRef, id: string): Promise<void> {
    if (!this.#shards.of(ref).peek(ref).sessions.has(id)) return;
    change(this.#shards, ref, { deliberate: 'goodbye' }, ({ row }) => void endSession(row, id));
  }

  async touch(ref: UserRef, profile: CallerProfile): Promise<SelfView> {
    return change(this.#shards, ref, {}, ({ shard, row, now }) => {
      refuseRevoked(row, profile);
      touch(row, now);
      this.#takeProfile({ shard, ref, row }, profile);
    });
  }

  async regroup(ref: UserRef, groups: readonly string[]): Promise<SelfView> {
    return change(this.#shards, ref, {}, ({ shard, row, now }) => {
      const known = trueProfile(row).groups;
      const wasHeardOf = isHeardOf(row);
      regroup(row, groups, timeOfDay(now));
      if (row.nodes.size > 0 || wasHeardOf) announceGroups(shard, ref, row, known);
    });
  }

  #takeProfile({ shard, ref, row }: Pick<Call, 'shard' | 'ref' | 'row'>, profile: CallerProfile): void {
    const known = trueProfile(row).groups;
    const wasHeardOf = isHeardOf(row);
    mergeProfile(row, profileOf(profile));
    if (row.nodes.size > 0 || wasHeardOf) announceGroups(shard, ref, row, known);
  }
}

const claimOf = ({ leaseMs, ...claim }: ServiceClaim, stamp: HybridMicros, today: DayMs): Claim => ({
  ...claim,
  stamp,
  ...(leaseMs !== undefined && { leaseUntil: today + leaseMs }),
});

const issuedOf = ({ iat, issued = iat }: CallerProfile): number => issued;

const refuseRevoked = (row: Row, profile: CallerProfile): void => {
  if (isRevoked(row, issuedOf(profile))) throw new StoreError('revoked', 'the token was revoked');
};
