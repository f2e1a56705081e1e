import { absorb, restore } from '../../domain/absorb.ts';
import { EARLIEST_MS, isEnded, isRevoked, revocationBefore, revokedUntil } from '../../domain/ending.ts';
import { awaitedTurn, before, isForgettable, isNobody } from '../../domain/evaluate.ts';
import { ownerOfKey, type TokenOwner, type UserRef, userRef, type View } from '../../domain/model.ts';
import { isHeardOf, sameGroups, trueProfile } from '../../domain/profile.ts';
import type { Row } from '../../domain/row.ts';
import type { CallerProfile, GroupCounts, Revocation, ServiceClaim, SessionRequest } from '../calls.ts';
import { explainRow } from '../explain-row.ts';
import type { Explanation } from '../explanation.ts';
import type { LogEntry, PresenceEnding } from '../log-entry.ts';
import { partitionOf } from '../partition.ts';
import {
  type ApplyReply,
  type Batch,
  type BeatReply,
  type ClaimRequest,
  type Counts,
  type NodeInfo,
  type Page,
  type PresenceStore,
  type ReapReply,
  type SelfView,
  StoreError,
  type SweepReply,
} from '../presence-store.ts';
import type { StoreOptions } from '../store-options.ts';
import { GroupIndex } from './group-index.ts';
import { MemoryPartition, timeOfDay } from './memory-partition.ts';
import { reportOf } from './report.ts';
import { announce, announceGroups, selfOf, UserCalls } from './user-calls.ts';

export interface MemoryStoreOptions extends StoreOptions {
  /** Time of day, µs since the epoch; it never goes back. */
  readonly micros: () => number;
  /** Called with the entries of each change, in order, once the change is done. */
  readonly publish: (partition: number, entries: readonly LogEntry[]) => void;
}

const GENERATION = 'memory';

/**
 * Presence inside one process: the embedded default, and the reference the scripts are tested against. It needs no
 * lease, fence or hold, because the data cannot outlive its only node.
 */
export class MemoryStore implements PresenceStore {
  readonly partitions: number;
  readonly #options: MemoryStoreOptions;
  readonly #shards: readonly MemoryPartition[];
  readonly #groups = new GroupIndex();
  readonly #calls = new UserCalls((ref) => this.#of(ref));
  #self: NodeInfo | undefined;

  constructor(options: MemoryStoreOptions) {
    this.partitions = options.partitions;
    this.#options = options;
    this.#shards = Array.from(
      { length: options.partitions },
      (_, partition) =>
        new MemoryPartition({
          ...options,
          groups: this.#groups,
          publish: (entries) => options.publish(partition, entries),
        }),
    );
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  partitionOf(owner: TokenOwner): number {
    return partitionOf(owner, this.partitions);
  }

  async beat(partition: number): Promise<BeatReply> {
    const { clock, last, micros } = this.#shard(partition);
    const calm = { fenced: false, lost: false, holdMs: 0, young: false, stuck: false };
    return { ...calm, gen: GENERATION, clock: clock.now(), last, micros, shiftMs: 0 };
  }

  async apply(partition: number, batch: Batch): Promise<ApplyReply> {
    const shard = this.#shard(partition);
    shard.clock.raise(batch.seen);
    const { now } = shard;
    const selves = new Map<number, SelfView>();
    const tookOver: number[] = [];
    const revoked = new Map<number, number>();
    const ended = new Map<number, NonNullable<Row['ended']>>();
    batch.entries.forEach((entry, position) => {
      const ref = { tenant: entry.tenant, user: entry.user };
      const row = shard.peek(ref);
      const isNew = !shard.holds(ref);
      if (
        (entry.count > 0 || entry.watchedAgo !== undefined) &&
        isRevoked(row, entry.oldestIat ?? entry.iat)
      ) {
        revoked.set(position, row.revoked);
        return;
      }
      shard.keep(ref, row);
      const was = before(row);
      const wasHeardOf = isHeardOf(row);
      const wasHiding = row.ownClaim?.status === 'invisible';
      const knownGroups = trueProfile(row).groups;
      const report = reportOf(entry, now, shard.clock.now());
      if (row.ended && entry.count > 0 && isEnded(row, report.openedAt)) ended.set(position, row.ended);
      const { restored, claimed } = absorb(row, batch.node, report, now, this.#options.policy.idleAwayMs);
      if (claimed && report.claim) shard.clock.raise(report.claim.stamp);
      if (restored && entry.known) shard.clock.raise(entry.known.ver);
      const others = row.nodes.size - (row.nodes.has(batch.node) ? 1 : 0);
      if (others > 0 || wasHeardOf) announceGroups(shard, ref, row, knownGroups);
      shard.settle(ref, row, now, was, { deliberate: claimed ? 'claim' : undefined, repair: restored });
      if (claimed && (others > 0 || wasHiding || row.ownClaim?.status === 'invisible'))
        announce(shard, ref, row);
      if ((row.nodes.get(batch.node)?.stance ?? 'own') !== 'own') tookOver.push(position);
      const isClaimNews = (row.ownClaim?.stamp ?? 0) !== (entry.claim?.stamp ?? 0);
      const isGroupsNews =
        entry.groups !== undefined && !sameGroups(trueProfile(row).groups?.value, entry.groups);
      if (entry.asks || row.ver !== (entry.known?.ver ?? 0) || isClaimNews || isGroupsNews) {
        selves.set(position, selfOf(shard, ref, row));
      }
      if (isNew && isNobody(row, this.#options.policy, now, timeOfDay(now))) shard.drop(ref);
    });
    shard.publish();
    return {
      ...{ result: 'ok', clock: shard.clock.now(), selves, tookOver },
      ...(revoked.size > 0 && { revoked }),
      ...(ended.size > 0 && { ended }),
    };
  }

  async replicated(): Promise<boolean> {
    return true;
  }

  async retire(): Promise<void> {}

  async held(partition: number, node: string): Promise<UserRef[]> {
    const rows = [...this.#shard(partition).rows];
    return rows.filter(([, row]) => row.nodes.has(node)).map(([key]) => userRef(key));
  }

  async reap(): Promise<ReapReply> {
    return { fenced: 0, users: 0 };
  }

  async sweep(partition: number): Promise<SweepReply> {
    const shard = this.#shard(partition);
    const { now } = shard;
    const due = shard.due(now);
    for (const [ref, row] of due) {
      shard.settle(ref, row, now, before(row));
      if (isForgettable(row, this.#options.policy, now, timeOfDay(now))) shard.drop(ref);
    }
    shard.publish();
    return { swept: due.length, more: false };
  }

  async restore(tenant: string, known: readonly View[]): Promise<void> {
    for (const view of known) this.#restore({ tenant, user: view.user }, view);
  }

  async read(tenant: string, users: readonly string[]): Promise<View[]> {
    return this.#views(tenant, users);
  }

  async readSelf(ref: UserRef): Promise<SelfView> {
    const shard = this.#of(ref);
    return selfOf(shard, ref, shard.peek(ref));
  }

  async page(tenant: string, limit: number, cursor?: string): Promise<Page> {
    return this.#page(tenant, this.#present(tenant), limit, cursor);
  }

  async count(tenant: string): Promise<Counts> {
    const counts = { online: 0, away: 0, busy: 0, offline: 0 };
    for (const { status } of this.#views(tenant, this.#present(tenant))) counts[status] += 1;
    return { online: counts.online, away: counts.away, busy: counts.busy };
  }

  async claimOwn(ref: UserRef, claim: ClaimRequest): Promise<SelfView> {
    return this.#calls.claimOwn(ref, claim);
  }

  async claim(ref: UserRef, source: string, claim: ServiceClaim | null): Promise<SelfView> {
    return this.#calls.claim(ref, source, claim);
  }

  async keepSession(
    ref: UserRef,
    id: string,
    session: SessionRequest,
    profile: CallerProfile,
  ): Promise<SelfView> {
    return this.#calls.keepSession(ref, id, session, profile);
  }

  async endSession(ref: UserRef, id: string): Promise<void> {
    this.#calls.endSession(ref, id);
  }

  async touch(ref: UserRef, profile: CallerProfile): Promise<SelfView> {
    return this.#calls.touch(ref, profile);
  }

  async end(ref: UserRef, how: PresenceEnding): Promise<void> {
    this.#calls.end(ref, how);
  }

  async revoke(owner: TokenOwner, before?: number): Promise<void> {
    if (before === undefined) this.#calls.revoke(owner);
    else if (before >= EARLIEST_MS) this.#refuse({ ...owner, at: revocationBefore(before) });
  }

  async forget(ref: UserRef): Promise<void> {
    this.#calls.end(ref, 'forget');
  }

  async explain(ref: UserRef): Promise<Explanation> {
    const shard = this.#of(ref);
    const row = shard.peek(ref);
    const { now } = shard;
    const waitsUntil = awaitedTurn(row, now, this.#options.policy);
    return explainRow(
      selfOf(shard, ref, row),
      row,
      0,
      shard.lastTransitions(ref, row.ver),
      timeOfDay(waitsUntil),
    );
  }

  async revocations(): Promise<Revocation[]> {
    const { policy } = this.#options;
    return this.#shards.flatMap((shard) =>
      [...shard.rows]
        .filter(([, row]) => revokedUntil(row, policy) > shard.now)
        .map(([key, { revoked }]) => ({ ...ownerOfKey(key), at: revoked })),
    );
  }

  async refuse(_partition: number, revocations: readonly Revocation[]): Promise<void> {
    for (const revocation of revocations) this.#refuse(revocation);
  }

  async groupPage(tenant: string, group: string, limit: number, cursor?: string): Promise<Page> {
    return this.#page(tenant, this.#presentOf(tenant, group), limit, cursor);
  }

  async groupCount(tenant: string, group: string): Promise<GroupCounts> {
    const members = this.#groups.members(tenant, group).size;
    return { present: this.#presentOf(tenant, group).length, members };
  }

  async groupMembers(tenant: string, group: string, max: number): Promise<View[] | undefined> {
    const members = this.#groups.members(tenant, group);
    return members.size > max ? undefined : this.#views(tenant, [...members]);
  }

  async register(self: NodeInfo): Promise<NodeInfo[]> {
    this.#self = { ...self, heartbeatAgo: 0 };
    return [this.#self];
  }

  async unregister(): Promise<void> {
    this.#self = undefined;
  }

  #shard(partition: number): MemoryPartition {
    const shard = this.#shards[partition];
    if (!shard) throw new RangeError(`there is no partition ${partition}`);
    return shard;
  }

  #refuse({ at, ...owner }: Revocation): void {
    const { now } = this.#shard(this.partitionOf(owner));
    if (at * 1000 + this.#options.policy.revocationMs > now) this.#calls.refuse(owner, at);
  }

  #of(ref: UserRef): MemoryPartition {
    return this.#shard(this.partitionOf(ref));
  }

  #views(tenant: string, users: readonly string[]): View[] {
    return users.map((user) => {
      const shard = this.#of({ tenant, user });
      return shard.view(user, shard.peek({ tenant, user }));
    });
  }

  #present(tenant: string): string[] {
    const users: string[] = [];
    for (const { rows } of this.#shards) {
      for (const [key, row] of rows) {
        const ref = userRef(key);
        if (row.status !== 'offline' && ref.tenant === tenant) users.push(ref.user);
      }
    }
    return users;
  }

  #presentOf(tenant: string, group: string): string[] {
    const members = [...this.#groups.members(tenant, group)];
    return members.filter((user) => this.#of({ tenant, user }).peek({ tenant, user }).status !== 'offline');
  }

  #page(tenant: string, users: readonly string[], limit: number, cursor?: string): Page {
    const after = cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString('utf8');
    if (cursor !== undefined && Buffer.from(after, 'utf8').toString('base64url') !== cursor) {
      throw new StoreError('invalid_cursor', 'this cursor was not given by this service');
    }
    const rest = users.filter((user) => user > after).sort();
    const chosen = rest.slice(0, limit);
    const last = rest.length > limit ? chosen.at(-1) : undefined;
    return {
      users: this.#views(tenant, chosen),
      ...(last !== undefined && { cursor: Buffer.from(last).toString('base64url') }),
    };
  }

  #restore(ref: UserRef, view: View): void {
    const shard = this.#of(ref);
    // A view that changes nothing must not leave a row behind that nothing ever forgets.
    if (view.ver <= shard.peek(ref).ver) return;
    const row = shard.row(ref);
    const was = before(row);
    const { now } = shard;
    if (!restore(row, view)) return;
    shard.clock.raise(view.ver);
    shard.settle(ref, row, now, was, { repair: true });
    shard.publish();
  }
}
