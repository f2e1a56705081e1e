import type { People } from '../store/port/people.ts';
import type { Flusher } from './flusher.ts';
import type { KnownViews } from './known-views.ts';
import type { Health } from './membership.ts';

export interface RosterOptions {
  readonly flusher: Pick<Flusher, 'mark' | 'unmark' | 'isPending'>;
  /** A sign-in does not wait for a store that does not answer. */
  readonly health: Pick<Health, 'degraded'>;
  readonly knownViews: Pick<KnownViews, 'newest'>;
  readonly people: Pick<People, 'note'>;
  readonly graceMs: number;
  readonly drainGraceMs: number;
  /** 0: no user is idle for being silent. */
  readonly idleAwayMs: number;
  readonly commandTimeoutMs: number;
}
