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

  /** Renews the lease of one node in one partition, raises the partition's clock, tells loss and fencing. */
  beat(partition: number, beat: Beat): Promise<BeatReply>;
  /** A node that has written everything leaves the partition, so that nobody has to reap it; else nothing happens. */
  retire(partition: number, node: string): Promise<void>;
  /** Writes what a node knows of some users (absolute values), evaluates them, logs, publishes. */
  apply(partition: number, batch: Batch): Promise<ApplyReply>;
  /** Users this node epoch is recorded to hold in a partition: what a re-assertion must cover. */
  held(partition: number, node: string): Promise<UserRef[]>;
  /**
   * Whether as many replicas as wanted have all that was written to a partition until now: only then is it confirmed that
   * somebody hides. Takes long where they are away, and holds up nothing else. Never rejects.
   */
  replicated(partition: number): Promise<boolean>;

  /** Fences nodes whose lease ended and clears their connections; returns how many connections went. */
  reap(partition: number): Promise<ReapReply>;
  /**
   * Evaluates users whose deadline passed; returns how many, and whether more are due at once.
   * @param time - the partition's time as this node estimates it: where to look, and how late the call came, for which
   * graces wait; it ends nothing.
   */
  sweep(partition: number, time: StoreMs): Promise<SweepReply>;

  /**
   * Tells views that this node holds and the store may have lost: a stored version below one of them is restored silently.
   * Also while a loss is gathered, so that what only a watcher was shown is not told too late.
   * @throws StoreError `unavailable` when some may not have been taken.
   */
  restore(tenant: string, known: readonly View[]): Promise<void>;

  /**
   * Views of users of one tenant, in the order asked.
   * @throws StoreError `unavailable` when any part of the answer is unknown (store away, or still healing).
   */
  read(tenant: string, users: readonly string[]): Promise<View[]>;
  /** One's own truth: what others see, plus whether invisible and the own claim. Errors as {@link read}. */
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
  /** A goodbye of one session; nothing happens when there is none. Errors as {@link read}. */
  endSession(ref: UserRef, id: string): Promise<void>;
  /**
   * "I was active now" of somebody without a socket: moves `lastSeen`, makes nobody present, and no connection active.
   * Who is connected but went `offline` for being idle too long is `away` again. Errors as {@link keepSession}.
   */
  touch(ref: UserRef, profile: CallerProfile): Promise<SelfView>;

  /** Members of a group, in a stable page; whoever of them is offline is left out. Errors as {@link page}. */
  groupPage(tenant: string, group: string, limit: number, cursor?: string): Promise<Page>;
  /** Errors as {@link read}. */
  groupCount(tenant: string, group: string): Promise<GroupCounts>;
  /** Views of all members of a group, offline ones too; more than `max`: `undefined`. Errors as {@link read}. */
  groupMembers(tenant: string, group: string, max: number): Promise<View[] | undefined>;

  /**
   * Ends every connection, session and grace of a user as of now, and tells all nodes to close their sockets.
   * Errors as {@link read}.
   */
  end(ref: UserRef, how: PresenceEnding): Promise<void>;
  /**
   * Refuses the tokens that an owner has. Without `before` (ms) all that were issued up to now, whatever the clocks of
   * issuers say; everything of a user ends with them. With it exactly those that were issued before it: sessions that were
   * kept with one end, nodes close the connections. With `WRITE_REPLICAS` it is answered once they have it. Errors as
   * {@link read}.
   */
  revoke(owner: TokenOwner, before?: number): Promise<void>;
  /** Forgets everything of a user, except a revocation that still has a purpose. Errors as {@link end}. */
  forget(ref: UserRef): Promise<void>;
  /** Revocations that still refuse tokens, of all partitions. Errors as {@link read}. */
  revocations(): Promise<Revocation[]>;
  /**
   * Tells again of revocations that the store may have lost, all of one partition and at most {@link MAX_BATCH}. Of each
   * owner the one that refuses most counts, one that has lost its purpose is not taken, and nodes are told of those that were not known.
   * Possible as soon as somebody beat there, also while reads are not. Errors as {@link read}.
   */
  refuse(partition: number, revocations: readonly Revocation[]): Promise<void>;
  /** Why a user's status is what it is. Errors as {@link read}. */
  explain(ref: UserRef): Promise<Explanation>;

  /** Tells the registry of this node, and who else is there. @throws StoreError `incompatible`. */
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
  /** The partition's time as this node reckons it; 0 or absent before anything told. */
  readonly time?: StoreMs;
  /** Highest sequence number that was acknowledged when this beat was sent; 0 for none. */
  readonly acked: number;
  /** Age of the oldest change not yet written, ms. */
  readonly lagMs: number;
  /** The store does not take what this node writes here; a beat may get through all the same, as when memory is full. */
  readonly stuck?: boolean;
}

export interface BeatReply {
  readonly fenced: boolean;
  readonly gen: string;
  /** The partition lost data or went back: what this node knows must be asserted again. */
  readonly lost: boolean;
  /** ms until the partition may clear anybody again; 0 when it is not on hold. */
  readonly holdMs: number;
  /** Reads of the partition are not trustworthy yet. */
  readonly young: boolean;
  /** Some node cannot write here: what is read may lack what that node knows. */
  readonly stuck: boolean;
  /** Everything recorded later is above it. */
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
  /** ms since the last activity of any of them, -1 when none ever said anything of activity. */
  readonly activeAgo: number;
  /** No connection here is in use: each reported idle or was silent for longer than the idle limit. */
  readonly idle: boolean;
  /** Nobody here spoke of activity but by saying, on opening, that the device is not in use. */
  readonly openedIdle?: boolean;
  /** ms since the newest opening; -1 when nothing was open since the user was last forgotten here. */
  readonly openedAgo: number;
  /** ms since the newest close without a goodbye, -1 for none, and how long its grace is. */
  readonly closedAgo: number;
  readonly graceMs: number;
  /**
   * ms since the newest opening of connections that only watch; absent for none. They are not in {@link count}, and nobody is
   * present by them, but name and groups of their tokens count.
   */
  readonly watchedAgo?: number;
  readonly devices: readonly Device[];
  readonly name?: string;
  readonly groups?: readonly string[];
  /** `iat` (s) of the newest token that said name or groups; 0 for none. */
  readonly iat: number;
  /** `iat` (s) of the token that said the name, and of the one that said the groups. Absent: {@link iat}. */
  readonly nameIat?: number;
  readonly groupsIat?: number;
  /**
   * The latest moment (s) at which the oldest token among the open connections can have been issued, those that only watch
   * among them, 0 when one has no `iat`: what a revocation looks at. Absent: {@link iat}.
   */
  readonly oldestIat?: number;
  /** The person's own claim or its clearing, as this node knows it; the greater stamp wins. */
  readonly claim?: OwnClaim;
  /** The view this node last saw, from which a lost row is restored without a transition. */
  readonly known?: View;
  /** `known` is from somebody who watches: the answer says what the store holds, also where it is of that version. */
  readonly asks?: true;
}

/** What a person sets as their own claim: `status` null clears. Whoever stores it gives the stamp. */
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
       * Positions of entries that took over the user's activity because they opened beside others or within a grace:
       * the store watches their idle limit until the node tells of activity here.
       */
      readonly tookOver: readonly number[];
      /**
       * By position, users whose oldest token is revoked, with the moment of it (s): nothing of their entry was taken
       * until those connections are gone.
       */
      readonly revoked?: ReadonlyMap<number, number>;
      /**
       * By position, users whose connections told of were all ended since they opened: they were counted as none. A node
       * that missed the command learns it by this.
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

/** Somebody as they know themselves: what others see, and beside it what is true. Nothing of it becomes a view. */
export interface SelfView {
  readonly view: View;
  readonly invisible: boolean;
  readonly claim?: OwnClaim;
  /** Absent while no token said any. */
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

/** What the store may answer instead of a result. */
export type StoreErrorCode =
  /** Away, too slow, or still healing after a loss: ask again. */
  | 'unavailable'
  /** The deployment is laid out for another number of partitions or another schema. */
  | 'incompatible'
  /** A cursor that this store did not give. */
  | 'invalid_cursor'
  /** A ninth claim of services, a 17th session. */
  | 'too_many_claims'
  | 'too_many_sessions'
  /** The token behind the call was revoked. */
  | 'revoked';

export interface StoreErrorOptions extends ErrorOptions {
  /** The store ran this very call, and that failed: others may well succeed. */
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
