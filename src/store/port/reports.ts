import type { DayMs, HybridMicros } from '../../domain/clock.ts';
import type { Device, Note, OwnClaim, UserRef, View } from '../../domain/model.ts';
import type { AnyEnding } from '../../domain/row.ts';
import type { SelfView } from './views.ts';

/** What nodes report of their users. */
export interface Reports {
  /** Writes what a node knows of some users (absolute values), evaluates them, logs, publishes. */
  apply(partition: number, batch: Batch): Promise<ApplyReply>;
  /**
   * Whether the configured number of replicas have everything written to a partition so far: only then is it
   * confirmed that a user hides. It takes long where replicas are unreachable, and blocks nothing else. Never
   * rejects.
   */
  replicated(partition: number): Promise<boolean>;
  /**
   * Sends views that this node holds and the store may have lost: a stored version below one of them is restored
   * silently. Also works while a loss is gathered, so that what only a watcher was shown does not arrive too late.
   * @throws StoreError `unavailable` when some may not have been stored.
   */
  restore(tenant: string, known: readonly View[]): Promise<void>;
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
  /** The last of the connections was closed because its token was revoked. */
  readonly isRevoked?: boolean;
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
  /** Kinds that are not in use although others are; absent for none. */
  readonly idleDevices?: readonly Device[];
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
  /** The person's note as this node knows it, from which a lost one is restored; the greater stamp wins. */
  readonly note?: Note;
  /** The view this node last saw, from which a lost row is restored without a transition. */
  readonly known?: View;
  /** `known` comes from a watcher: the answer contains what the store holds, even at that same version. */
  readonly asks?: true;
  /** All places of which this node's connections of the user said anything; absent: none, and none any more. */
  readonly places?: readonly PlaceReport[];
}

/** One place as the connections of one user on one node say it. */
export interface PlaceReport {
  readonly place: string;
  /** ms since the newest entering of an open connection here; -1: none is in it. */
  readonly enteredAgo: number;
  /** The newest living data here, a JSON object as text, and when it was said. */
  readonly data?: string;
  readonly stamp?: HybridMicros;
  /** ms since the newest close without a goodbye of one that was in it; its grace, and the data that it had. */
  readonly closedAgo?: number;
  readonly graceMs?: number;
  readonly closedData?: string;
  readonly closedStamp?: HybridMicros;
  /** ms since the person said here that they leave: it ends graces that began before. */
  readonly leftAgo?: number;
  /** The latest moment (s) at which the token that entered can have been issued; 0 unknown. */
  readonly issued: number;
  /** What this node last saw others being shown of it, from which a lost stay is restored without a frame. */
  readonly known?: KnownStay;
}

/** What others are shown of a member of a place. */
export interface KnownStay {
  readonly since: DayMs;
  readonly ver: HybridMicros;
  readonly data?: string;
}

/** What the store holds of a reported place: `since` and `ver` are 0 while others are not shown the user there. */
export interface PlaceAnswer extends KnownStay {
  readonly place: string;
  /** The report was not taken: the user has as many places or as much data as one may, or was put out. */
  readonly refused?: 'too_many' | 'put_out';
}

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
      /** By position, for entries whose view, own claim, note or groups are not those they carried: what the store holds now. */
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
      readonly ended?: ReadonlyMap<number, { readonly how: AnyEnding; readonly at: number }>;
      /** By position, reported places of which others are shown something else than the entry knew, or that were refused. */
      readonly places?: ReadonlyMap<number, readonly PlaceAnswer[]>;
    };
