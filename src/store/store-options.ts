import type { Policy } from '../domain/model.ts';
import type { LastSeenPrecision } from '../domain/show.ts';

/** Options of both stores; periods in ms. */
export interface StoreOptions {
  readonly partitions: number;
  readonly policy: Policy;
  readonly lastSeen: LastSeenPrecision;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTtlMs: number;
}
