import type { HybridMicros, StoreMs } from '../domain/clock.ts';
import type { Device, OwnClaim, OwnGroups, TokenOwner, UserRef, View } from '../domain/model.ts';
import type { EndingKind } from '../domain/row.ts';
import type { CallerProfile, GroupCounts, Revocation, ServiceClaim, SessionRequest } from './calls.ts';
import type { Explanation } from './explanation.ts';
import type { PresenceEnding } from './log-entry.ts';

/**
 * The shared state of presence. Every call that changes an input evaluates the users concerned, and appends the
 * transitions to the partition's log, in one atomic step: a transition is decided and recorded at once, or not at all.
 * Durations travel as "n ms ago" because only the store's clock decides deadlines.
 */
export interface PresenceStore {
  readonly partitions: number;
  partitionOf(owner: TokenOwner): number;

  start(): Promise<void>;
  stop(): Promise<void>;

  /** Renews the lease of one node in one partition, raises the partition's clock, reports loss and fencing. */
  beat(partition: number, beat: Beat): Promise<BeatReply>;
  /** A node that has written everything leaves the partition, so that no reaper has to clear it; otherwise a no-op. */
  retire(partition: number, node: string): Promise<void>;
  /** Writes what a node knows of some users (absolute values), evaluates them, logs, publishes. */
  apply(partition: number, batch: Batch): Promise<ApplyReply>;
  /** Users this node epoch is recorded to hold in a partition: what a re-assertion must cover. */
  held(partition: number, node: string): Promise<UserRef[]>;
  /**
   * Whether the configured number of replicas have everything written to a partition so far: only then is it
   * confirmed that a user hides. It takes long where replicas are unreachable, and blocks nothing else. Never
   * rejects.
   */
  replicated(partition: number): Promise<boolean>;

  /** Fences nodes whose lease ended and clears their connections; returns how many connections went. */
  reap(partition: number): Promise<ReapReply>;
  /**
   * Evaluates users whose deadline passed; returns how many, and whether more are due at once.
   * @param time - the partition's time as this node estimates it: where to look, and how late the call came, by which
   * graces are extended; it ends nothing.
   */
  sweep(partition: number, time: StoreMs): Promise<SweepReply>;

  /**
   * Sends views that this node holds and the store may have lost: a stored version below one of them is restored
   * silently. Also works while a loss is gathered, so that what only a watcher was shown does not arrive too late.
   * @throws StoreError `unavailable` when some may not have been stored.
   */
  restore(tenant: string, known: readonly View[]): Promise<void>;

  /** Views of users of one tenant, in the order requested.
   * @throws StoreError `unavailable` when any part of the answer is unknown (store unreachable, or still healing).
   */
  read(tenant: string, users: readonly string[]): Promise<View[]>;
  /**
   * A user as they may see themselves: what others see, plus whether invisible and the own claim. Errors as {@link
   * read}.
   */
  readSelf(ref: UserRef): Promise<SelfView>;
  /** A stable page over everyone of a tenant who is not offline; each user once. Errors as {@link read}. */
  page(tenant: string, limit: number, cursor?: string): Promise<Page>;
  /** How many of a tenant are online, away, busy. Errors as {@link read}. */
  count(tenant: string): Promise<Counts>;
  /** Sets or clears the person's own claim without a socket. Resolves once stored. Errors as {@link read}. */
  claimOwn(ref: UserRef, claim: ClaimRequest): Promise<SelfView>;

  /**
   * Sets the claim of a service, or clears it with `null`; also while the user is offline. Errors as {@link read}.
   * @throws StoreError `too_many_claims` for a ninth source.
   */
  claim(ref: UserRef, source: string, claim: ServiceClaim | null): Promise<SelfView>;
  /**
   * Begins a session, presence without a socket, or prolongs it. The first call is activity, later ones only when they
   * say so. Errors as {@link read}.
   * @throws StoreError `too_many_sessions` for a 17th, `revoked` when the profile's token is.
   */
  keepSession(ref: UserRef, id: string, session: SessionRequest, profile: CallerProfile): Promise<SelfView>;
  /** A goodbye of one session; a no-op when there is none. Errors as {@link read}. */
  endSession(ref: UserRef, id: string): Promise<void>;
  /**
   * "I was active now", from a user without a socket: moves `lastSeen`, makes no user present and no connection
   * active. A user who is connected but became `offline` for being idle too long is `away` again. Errors as {@link
   * keepSession}.
   */
  touch(ref: UserRef, profile: CallerProfile): Promise<SelfView>;

  /** Members of a group, in a stable page, without those who are offline. Errors as {@link page}. */
  groupPage(tenant: string, group: string, limit: number, cursor?: string): Promise<Page>;
  /** Errors as {@link read}. */
  groupCount(tenant: string, group: string): Promise<GroupCounts>;
  /** Views of all members of a group, offline ones too; more than `max`: `undefined`. Errors as {@link read}. */
  groupMembers(tenant: string, group: string, max: number): Promise<View[] | undefined>;

  /**
   * Ends every connection, session and grace of a user as of now, and instructs all nodes to close their sockets.
   * Errors as {@link read}.
   */
  end(ref: UserRef, how: PresenceEnding): Promise<void>;
  /**
   * Refuses the tokens of an owner. Without `before` (ms) these are all tokens issued up to now, whatever the clocks
   * of issuers say, and everything of the user ends with them. With it these are exactly the tokens issued before it:
   * sessions kept alive with one end, and nodes close the connections. With `WRITE_REPLICAS` it is answered once the
   * replicas have it. Errors as {@link read}.
   */
  revoke(owner: TokenOwner, before?: number): Promise<void>;
  /** Forgets everything of a user, except a revocation that is still needed. Errors as {@link end}. */
  forget(ref: UserRef): Promise<void>;
  /** Revocations that still refuse tokens, of all partitions. Errors as {@link read}. */
  revocations(): Promise<Revocation[]>;
  /**
   * Sends revocations again that the store may have lost, all of one partition and at most {@link MAX_BATCH}. Of each
   * owner the one that refuses most counts, one that is no longer needed is not stored, and nodes are notified of
   * those that were not known. Possible from the partition's first heartbeat on, also while reads are not. Errors as
   * {@link read}.
   */
  refuse(partition: number, revocations: readonly Revocation[]): Promise<void>;
  /** Why a user's status is what it is. Errors as {@link read}. */
  explain(ref: UserRef): Promise<Explanation>;

  /** Registers this node, and returns the other nodes. @throws StoreError `incompatible`. */
  register(self: NodeInfo): Promise<NodeInfo[]>;
  unregister(id: string): Promise<void>;
}

/** `<id>.<epoch>`: the id is random per process, the epoch rises after each fencing in that partition. */
export interface Beat {
  readonly node: string;
  /** Generation of the partition's data this node remembers; absent before the first answer. */
  readonly gen?: string;
  /** Highest hybrid clock this node has seen of the partition; 0 before the first answer. */
  readonly seen: HybridMicros;
  /** Newest log entry (µs) of that generation that this node was given; absent or 0 for none. */
  readonly delivered?: HybridMicros;
  /** The partition's time as this node estimates it; 0 or absent before the first answer. */
  readonly time?: StoreMs;
  /** Highest sequence number that was acknowledged when this beat was sent; 0 for none. */
  readonly acked: number;
  /** Age of the oldest change not yet written, ms. */
  readonly lagMs: number;
  /** The store refuses what this node writes here; a beat may still get through, as when memory is full. */
  readonly stuck?: boolean;
}

export interface BeatReply {
  readonly fenced: boolean;
  readonly gen: string;
  /** The partition lost data or went back: this node must report again what it knows. */
  readonly lost: boolean;
  /** ms until the partition may clear users again; 0 when it is not on hold. */
  readonly holdMs: number;
  /** Reads of the partition are not trustworthy yet. */
  readonly young: boolean;
  /** Some node cannot write here: reads may lack what that node knows. */
  readonly stuck: boolean;
  /** Everything recorded later has a greater id. */
  readonly clock: HybridMicros;
  /** Id of the last entry in the partition's log; 0 when empty. */
  readonly last: HybridMicros;
  /** The time of day of the store, µs, and how far ahead of it the store's time is, ms. */
  readonly micros: number;
  readonly shiftMs: number;
}

/** One user as one node knows them: absolute values, never increments. */
export interface Entry extends UserRef {
  /** Open connections on this node. */
  readonly count: number;
  /** ms since the last activity of any of them, -1 when none ever reported activity. */
  readonly activeAgo: number;
  /** No connection here is in use: each reported idle or was silent for longer than the idle limit. */
  readonly idle: boolean;
  /** The only report of activity here was one, on opening, that the device is not in use. */
  readonly openedIdle?: boolean;
  /** ms since the newest opening; -1 when nothing was open since the user was last forgotten here. */
  readonly openedAgo: number;
  /** ms since the newest close without a goodbye, -1 for none, and how long its grace is. */
  readonly closedAgo: number;
  readonly graceMs: number;
  /**
   * ms since the newest opening of connections that only watch; absent for none. They are not in {@link count}, and
   * no user is present by them, but name and groups of their tokens count.
   */
  readonly watchedAgo?: number;
  readonly devices: readonly Device[];
  readonly name?: string;
  readonly groups?: readonly string[];
  /** `iat` (s) of the newest token that carried name or groups; 0 for none. */
  readonly iat: number;
  /** `iat` (s) of the token that carried the name, and of the one that carried the groups. Absent: {@link iat}. */
  readonly nameIat?: number;
  readonly groupsIat?: number;
  /**
   * The latest moment (s) at which the oldest token among the open connections can have been issued, including those
   * that only watch; 0 when one has no `iat`. Revocations compare it. Absent: {@link iat}.
   */
  readonly oldestIat?: number;
  /** The person's own claim or its clearing, as this node knows it; the greater stamp wins. */
  readonly claim?: OwnClaim;
  /** The view this node last saw, from which a lost row is restored without a transition. */
  readonly known?: View;
  /** `known` comes from a watcher: the answer contains what the store holds, even at that same version. */
  readonly asks?: true;
}

/** What a person sets as their own claim: `status` null clears. The store or the node that takes it gives the stamp. */
export type ClaimRequest = Omit<OwnClaim, 'stamp'>;

export interface Batch {
  readonly node: string;
  readonly gen: string;
  readonly seen: number;
  /** Last acknowledged sequence number, and this batch's own: above every number used before. */
  readonly base: number;
  readonly seq: number;
  /** At most {@link MAX_BATCH}. */
  readonly entries: readonly Entry[];
}
export const MAX_BATCH = 500;

export type ApplyReply =
  | { readonly result: 'fenced' | 'lost' | 'stale' }
  | {
      readonly result: 'ok';
      readonly clock: HybridMicros;
      /** By position, for entries whose view, own claim or groups are not those they carried: what the store holds now. */
      readonly selves: ReadonlyMap<number, SelfView>;
      /**
       * Positions of entries that inherited the user's activity because they opened beside others or within a grace:
       * the store watches their idle limit until the node reports activity here.
       */
      readonly tookOver: readonly number[];
      /**
       * By position, users whose oldest token is revoked, with the moment of it (s): their entry is refused until
       * those connections are gone.
       */
      readonly revoked?: ReadonlyMap<number, number>;
      /**
       * By position, users whose reported connections were all ended after they opened: they were counted as none. A
       * node that missed the command learns of it here.
       */
      readonly ended?: ReadonlyMap<number, { readonly how: EndingKind; readonly at: number }>;
    };

export interface ReapReply {
  readonly fenced: number;
  readonly users: number;
}
export interface SweepReply {
  readonly swept: number;
  readonly more: boolean;
}

/** A user as they may see themselves: what others see, and beside it what is true. None of it becomes a view. */
export interface SelfView {
  readonly view: View;
  readonly invisible: boolean;
  readonly claim?: OwnClaim;
  /** Absent while no token carried any. */
  readonly own?: OwnGroups;
}

export interface Page {
  readonly users: View[];
  /** Opaque; absent on the last page. */
  readonly cursor?: string;
}

export interface Counts {
  readonly online: number;
  readonly away: number;
  readonly busy: number;
}

/** One process as the registry knows it. */
export interface NodeInfo {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly connections: number;
  readonly users: number;
  readonly startedAt: number;
  /** ms since its last heartbeat; 0 when it describes itself. */
  readonly heartbeatAgo: number;
}

/** What the store may report instead of a result. */
export type StoreErrorCode =
  /** Unreachable, too slow, or still healing after a loss: try again. */
  | 'unavailable'
  /** The deployment was created with another number of partitions or another schema. */
  | 'incompatible'
  /** A cursor that this store did not give. */
  | 'invalid_cursor'
  /** A ninth claim of services, a 17th session. */
  | 'too_many_claims'
  | 'too_many_sessions'
  /** The token behind the call was revoked. */
  | 'revoked';

export interface StoreErrorOptions extends ErrorOptions {
  /** The store ran this call, and it failed: other calls may succeed. */
  readonly ofThisCall?: boolean;
}

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly ofThisCall: boolean;
  constructor(code: StoreErrorCode, message: string, options?: StoreErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
    this.ofThisCall = options?.ofThisCall ?? false;
  }
}
