import type { Principal } from '../auth/principal.ts';
import type { UserRef } from '../domain/model.ts';
import type { Sink } from '../fanout/fanout.ts';

/** A connection that may be sent typing. */
export interface Listener extends Sink {
  readonly identity: {
    readonly ref: UserRef;
    readonly principal: Principal;
    readonly groups: readonly string[];
  };
  /** It was welcomed, and its end is not decided. */
  readonly open: boolean;
  readonly watchedPlaces: ReadonlySet<string>;
  /** Whether it watches a place by name. */
  followsPlace(place: string): boolean;
}
