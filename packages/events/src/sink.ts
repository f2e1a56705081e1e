import type { FollowedEvent, PlaceMember, Presence } from './event-types.ts';

/** Where a follower stands, kept where it survives a restart. */
export interface CursorStore {
  /** `undefined`: there is none, and a snapshot has to be read first. */
  load(): Promise<string | undefined> | string | undefined;
  /** Durable when it resolves: what is held may be wrong, and a follower that starts now must begin with a snapshot. */
  forget(): Promise<void> | void;
}

/** Where the truth is mirrored to: a table, a cache, an index. Its calls never overlap. */
export interface Sink extends CursorStore {
  /**
   * Takes over those events that are {@link newer}, in order, and then the cursor: both in one transaction, or the
   * cursor after. Without a cursor the one that is stored stays. Empty with a cursor: the snapshot is complete.
   */
  apply(events: readonly FollowedEvent[], cursor: string | undefined): Promise<void> | void;
  /** Takes over what a snapshot says, whatever `ver` is held: after a loss of data even versions may be lower. */
  replace(page: readonly Presence[]): Promise<void> | void;
  /** The users held, to ask for those who are not online. Without it those keep what they had. */
  known?(): AsyncIterable<string> | Iterable<string>;
  /** With `filter.places`: everybody who is in the place now; who is not among them left it. */
  replacePlace?(place: string, members: readonly PlaceMember[]): Promise<void> | void;
  /** With `filter.places`: the places held, to ask for those that a prefix covers. */
  knownPlaces?(): AsyncIterable<string> | Iterable<string>;
}

/** Whether an event counts: its `ver` is greater than the one held. */
export const newer = (held: number | undefined, ver: number): boolean => held === undefined || ver > held;
