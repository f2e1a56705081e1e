import { mergeOwnClaim } from '../../domain/absorb.ts';
import { setClaim } from '../../domain/claims.ts';
import { type HybridMicros, type StoreMicros, type StoreMs, toMs } from '../../domain/clock.ts';
import { deviceMask } from '../../domain/devices.ts';
import { covers, endAll, endRefusedSessions, forget, isRevoked, revoke } from '../../domain/ending.ts';
import { before, type Circumstances } from '../../domain/evaluate.ts';
import { type Profile, rowOfOwner, type TokenOwner, type UserRef } from '../../domain/model.ts';
import { isHeardOf, mergeProfile, profileOf, sameGroups, trueProfile } from '../../domain/profile.ts';
import type { EndingKind, Row } from '../../domain/row.ts';
import { endSession, keepSession, touch } from '../../domain/sessions.ts';
import type { CallerProfile, ServiceClaim, SessionRequest } from '../calls.ts';
import { type ClaimRequest, type SelfView, StoreError } from '../presence-store.ts';
import { type MemoryPartition, timeOfDay } from './memory-partition.ts';

/** The current call: the row of its user, and its moment. */
interface Call {
  readonly shard: MemoryPartition;
  readonly ref: UserRef;
  readonly row: Row;
  readonly order: HybridMicros;
  readonly at: StoreMicros;
  readonly now: StoreMs;
  /** The circumstances of the evaluation that only the change itself finds out. */
  readonly more: { deliberate?: Circumstances['deliberate'] };
}

/** Changes of one user by callers without a socket. */
export class UserCalls {
  readonly #of: (ref: UserRef) => MemoryPartition;

  constructor(of: (ref: UserRef) => MemoryPartition) {
    this.#of = of;
  }

  claimOwn(ref: UserRef, claim: ClaimRequest): SelfView {
    return this.#change(ref, { deliberate: 'claim' }, ({ shard, row, order }) => {
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

  claim(ref: UserRef, source: string, claim: ServiceClaim | null): SelfView {
    const shard = this.#of(ref);
    const known = shard.peek(ref);
    if (claim === null && !known.claims.has(source)) return selfOf(shard, ref, known);
    return this.#change(ref, { deliberate: 'claim' }, ({ row, order, now }) => {
      const stamp = order + 1;
      if (!setClaim(row, source, claim && { ...claim, stamp }, timeOfDay(now))) {
        throw new StoreError('too_many_claims', 'services have set as many claims as one user may have');
      }
      shard.clock.raise(stamp);
    });
  }

  keepSession(ref: UserRef, id: string, session: SessionRequest, profile: CallerProfile): SelfView {
    return this.#change(ref, {}, ({ shard, row, now }) => {
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

  endSession(ref: UserRef, id: string): void {
    if (!this.#of(ref).peek(ref).sessions.has(id)) return;
    this.#change(ref, { deliberate: 'goodbye' }, ({ row }) => void endSession(row, id));
  }

  touch(ref: UserRef, profile: CallerProfile): SelfView {
    return this.#change(ref, {}, ({ shard, row, now }) => {
      refuseRevoked(row, profile);
      touch(row, now);
      this.#takeProfile({ shard, ref, row }, profile);
    });
  }

  end(ref: UserRef, how: Exclude<EndingKind, 'revoke'>): void {
    // Watchers that are sent `gone` for the user get no transition that says the user is gone, and no groups.
    const repair = how === 'forget';
    const deliberate = how === 'logout' ? 'goodbye' : 'revoked';
    this.#change(ref, { deliberate, repair }, ({ shard, row, order, at, now }) => {
      if (how === 'forget') forget(row, order, at);
      else endAll(row, how, at, timeOfDay(now));
      return () => shard.command({ type: how, ref, at });
    });
  }

  revoke(owner: TokenOwner): void {
    this.#change(rowOfOwner(owner), { deliberate: 'revoked' }, ({ shard, row, at, now }) => {
      endAll(row, 'revoke', at, timeOfDay(now));
      return () => shard.command({ type: 'revoke', ref: owner, at });
    });
  }

  /** @param at - s; not over yet. */
  refuse(owner: TokenOwner, at: number): void {
    const ref = rowOfOwner(owner);
    const known = this.#of(ref).peek(ref).revoked;
    if (covers(known, at)) return;
    this.#change(ref, {}, ({ shard, row, more }) => {
      revoke(row, at);
      if (endRefusedSessions(row)) more.deliberate = 'revoked';
      return () => shard.command({ type: 'refuse', ref: owner, at });
    });
  }

  #takeProfile({ shard, ref, row }: Pick<Call, 'shard' | 'ref' | 'row'>, profile: CallerProfile): void {
    const known = trueProfile(row).groups;
    const wasHeardOf = isHeardOf(row);
    mergeProfile(row, profileOf(profile));
    if (row.nodes.size > 0 || wasHeardOf) announceGroups(shard, ref, row, known);
  }

  /** @param inputs - throws before it changes anything, and may return a step to run once all is decided. */
  #change(
    ref: UserRef,
    how: Pick<Partial<Circumstances>, 'deliberate' | 'repair'>,
    inputs: (call: Call) => (() => void) | undefined | undefined,
  ): SelfView {
    const shard = this.#of(ref);
    const order = shard.clock.now();
    const at = shard.micros;
    const now = toMs(at);
    const known = shard.peek(ref);
    const was = before(known);
    const more = {};
    const after = inputs({ shard, ref, row: known, order, at, now, more });
    shard.keep(ref, known);
    shard.settle(ref, known, now, was, { ...how, ...more });
    after?.();
    shard.publish();
    return selfOf(shard, ref, known);
  }
}

const issuedOf = ({ iat, issued = iat }: CallerProfile): number => issued;

const refuseRevoked = (row: Row, profile: CallerProfile): void => {
  if (isRevoked(row, issuedOf(profile))) throw new StoreError('revoked', 'the token was revoked');
};

export const selfOf = (shard: MemoryPartition, { user }: UserRef, row: Row): SelfView => ({
  view: shard.view(user, row),
  invisible: row.ownClaim?.status === 'invisible',
  ...(row.ownClaim && { claim: row.ownClaim }),
  ...ownOf(row),
});

const ownOf = (row: Row): Pick<SelfView, 'own'> => {
  const { groups } = trueProfile(row);
  return groups ? { own: { groups: groups.value, stamp: groups.iat } } : {};
};

/** Notifies the nodes that hold a user of the person's own claim. */
export const announce = (shard: MemoryPartition, ref: UserRef, row: Row): void => {
  if (row.ownClaim) shard.command({ type: 'claim', ref, claim: row.ownClaim });
};

/** Notifies them of the person's groups, when these have changed. */
export const announceGroups = (
  shard: MemoryPartition,
  ref: UserRef,
  row: Row,
  known: Profile['groups'],
): void => {
  const { own } = ownOf(row);
  if (own && !sameGroups(own.groups, known?.value)) shard.command({ type: 'own', ref, own });
};
