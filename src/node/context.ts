import type { Logger } from 'pino';
import type { Metrics } from '../observability/metrics.ts';
import type { Partitions } from './partitions.ts';

/** What the parts of one node share. */
export interface NodeContext {
  /** Random, new with every start. */
  readonly nodeId: string;
  readonly partitions: Partitions;
  /** Period of the heartbeat, ms. */
  readonly intervalMs: number;
  /** How long a lease lasts after the heartbeat that renewed it, ms. */
  readonly ttlMs: number;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly metrics: Metrics;
  readonly logger: Logger;
}
