import type { Note, OwnClaim, OwnGroups, UserRef, View } from '../../domain/model.ts';
import type { Explanation } from '../explanation.ts';

/** Reads of users. While the store is not trusted, they are refused (`node/trusted-reads.ts`). */
export interface Views {
  /**
   * Views of users of one tenant, in the order requested.
   * @param more - with the kinds of device in use.
   * @throws StoreError `unavailable` when any part of the answer is unknown (store unreachable, or still healing).
   */
  read(tenant: string, users: readonly string[], more?: Reading): Promise<View[]>;
  /**
   * A user as they may see themselves: what others see, with the kinds of device in use, plus whether invisible and the
   * own claim. Errors as {@link read}.
   */
  readSelf(ref: UserRef): Promise<SelfView>;
  /** A stable page over everyone of a tenant who is not offline; each user once. Errors as {@link read}. */
  page(tenant: string, limit: number, cursor?: string, more?: Reading): Promise<Page>;
  /** How many of a tenant are online, away, busy. Errors as {@link read}. */
  count(tenant: string): Promise<Counts>;
  /** Why a user's status is what it is. Errors as {@link read}. */
  explain(ref: UserRef): Promise<Explanation>;
}

/** What is read beside what everyone sees. */
export interface Reading {
  /** `active` of the views. */
  readonly inUse?: boolean;
}

/** A user as they may see themselves: what others see, and beside it what is true. None of it becomes a view. */
export interface SelfView {
  readonly view: View;
  readonly invisible: boolean;
  readonly claim?: OwnClaim;
  /** What is true of the note, where something was said or cleared. */
  readonly note?: Note;
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
