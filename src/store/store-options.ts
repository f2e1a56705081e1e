import type { Policy } from '../domain/model.ts';
import type { LastSeenPrecision } from '../domain/show.ts';

/** What both stores are told; periods in ms. */
export interface StoreOptions {
  readonly partitions: number;
  readonly policy: Policy;
  readonly lastSeen: LastSeenPrecision;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTtlMs: number;
}
