import type { OwnClaim, Transition, UserRef } from '../domain/model.ts';

/** What every node has to know although nobody sees it change. */
export type Command =
  /** The person's own claim was set elsewhere: nodes that hold the user assert the same from now on. */
  { readonly type: 'claim'; readonly ref: UserRef; readonly claim: OwnClaim };

/** One entry of a partition's log. The id is the hybrid clock (µs) at which it was decided; a transition's is its `ver`. */
export type LogEntry = { readonly id: number } & (
  | { readonly kind: 'transition'; readonly transition: Transition }
  | { readonly kind: 'command'; readonly command: Command }
);
