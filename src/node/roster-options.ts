import type { DayMs, HybridMicros } from '../domain/clock.ts';
import type { UserRef } from '../domain/model.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { People } from '../store/port/people.ts';
import type { Flusher } from './flusher.ts';
import type { KnownViews } from './known-views.ts';

export interface RosterOptions {
  readonly partitionOf: (ref: UserRef) => number;
  /** The partition's hybrid clock now: stamps of own claims. */
  readonly orderOf: (partition: number) => HybridMicros;
  /** The time of day of the partition: ends of own claims. */
  readonly timeOfDay: (partition: number) => DayMs;
  /** Whether the store answers: a sign-in does not wait for one that does not. */
  readonly storeAnswers: () => boolean;
  readonly knownViews: Pick<KnownViews, 'newest'>;
  readonly people: Pick<People, 'note'>;
  readonly flusher: Pick<Flusher, 'mark' | 'unmark' | 'isPending'>;
  readonly graceMs: number;
  readonly drainGraceMs: number;
  readonly idleAwayMs: number;
  readonly ttlMs: number;
  readonly commandTimeoutMs: number;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly metrics: Metrics;
}
