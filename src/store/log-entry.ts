import type { HybridMicros, StoreMicros } from '../domain/clock.ts';
import type {
  Device,
  Note,
  OwnClaim,
  OwnGroups,
  TokenOwner,
  Transition,
  UserRef,
  View,
} from '../domain/model.ts';
import type { PlaceTransition } from '../domain/place.ts';
import type { EndingKind } from '../domain/row.ts';

/** How an operator or the person ends everything alive of a user at one moment. */
export type Ending = Exclude<EndingKind, 'forget'>;

/** An ending of a user's presence; a revocation concerns any owner of tokens. */
export type PresenceEnding = Exclude<Ending, 'revoke'>;

/** What every node has to know although watchers see no change. */
export type Command =
  /** The person's own claim was set elsewhere: nodes that hold the user report the same from now on. */
  | { readonly type: 'claim'; readonly ref: UserRef; readonly claim: OwnClaim }
  /** The person's note was set: nodes that hold the user send it again after a loss. */
  | { readonly type: 'note'; readonly ref: UserRef; readonly note: Note }
  /** A newer token was used elsewhere: what the person themselves may see follows from these groups. */
  | { readonly type: 'own'; readonly ref: UserRef; readonly own: OwnGroups }
  /** The groups of a visible user changed without a transition: `view.groups` is what they are now. */
  | { readonly type: 'groups'; readonly ref: UserRef; readonly view: View }
  /**
   * Connections opened up to `at` end: a logout as goodbyes, the others with 4403.
   */
  | { readonly type: PresenceEnding; readonly ref: UserRef; readonly at: StoreMicros }
  /** The same of connections of one kind of device, with 4403. */
  | {
      readonly type: 'disconnect_device';
      readonly ref: UserRef;
      readonly at: StoreMicros;
      readonly device: Device;
    }
  /** As these, and tokens issued up to 5 s after `at`, and those without `iat`, are refused. */
  | { readonly type: 'revoke'; readonly ref: TokenOwner; readonly at: StoreMicros }
  /** Some tokens are refused: see `Revocation`. It was made so, or was sent again to a store that had lost it. */
  | { readonly type: 'refuse'; readonly ref: TokenOwner; readonly at: number }
  /**
   * Everybody, or one person, was put out of a place: connections that entered it up to `at` are in it no more, and enter
   * again only with a token issued later.
   */
  | {
      readonly type: 'put_out';
      readonly tenant: string;
      readonly place: string;
      readonly user?: string;
      readonly at: StoreMicros;
    }
  /** Everything of the user is forgotten as of `at`: connections end with 4403, watchers are sent `gone`. */
  | { readonly type: 'forget'; readonly ref: UserRef; readonly at: StoreMicros };

/** One entry of a partition's log. The id is the hybrid clock (µs) at which it was decided; a transition's is its `ver`. */
export type LogEntry = { readonly id: number } & (
  | { readonly kind: 'transition'; readonly transition: Transition }
  | {
      readonly kind: 'place';
      readonly place: PlaceTransition;
      /** Of `changed`: the member's `changed` before it, which the log keeps no longer. */
      readonly replaces?: HybridMicros;
    }
  | { readonly kind: 'command'; readonly command: Command }
);

/** What the logs of places keep of them, in all partitions together: they are apart, so that no place pushes out a status. */
export const PLACE_LOG_BYTES = 64 * 1024 * 1024;

/** The newest of these that readers of events are given; 0 for none. Other commands are for nodes alone. */
export const lastTold = (entries: readonly LogEntry[]): number =>
  entries.findLast((entry) => entry.kind !== 'command' || entry.command.type === 'forget')?.id ?? 0;
