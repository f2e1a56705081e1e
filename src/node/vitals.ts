import type { Status } from '../domain/model.ts';
import type { Metrics } from '../observability/metrics.ts';

/** This node's health at the moment of the call. */
export interface Vitals {
  readonly ready: boolean;
  readonly degraded: boolean;
  readonly draining: boolean;
  /** Time since the last answered heartbeat, in the partition where it is longest. */
  readonly heartbeatAgeMs: number;
  /** Age of the oldest change that is not stored. */
  readonly flushLagMs: number;
  /** This machine's clock minus the store's, where they differ most. */
  readonly clockOffsetMs: number;
  /** Living nodes of the deployment, this one included. */
  readonly nodes: number;
}

type VitalMetrics = Pick<
  Metrics,
  'ready' | 'degraded' | 'draining' | 'heartbeatAge' | 'flushLag' | 'clockOffset' | 'clusterNodes'
>;

/** Called before each scrape, because ages are only meaningful at that moment. */
export const recordVitals = (metrics: VitalMetrics, vitals: Vitals): void => {
  metrics.ready.set(Number(vitals.ready));
  metrics.degraded.set(Number(vitals.degraded));
  metrics.draining.set(Number(vitals.draining));
  metrics.heartbeatAge.set(vitals.heartbeatAgeMs / 1000);
  metrics.flushLag.set(vitals.flushLagMs / 1000);
  metrics.clockOffset.set(vitals.clockOffsetMs / 1000);
  metrics.clusterNodes.set(vitals.nodes);
};

/** How many users with connections here others see in each status. */
export const recordOnline = (
  { usersOnline }: Pick<Metrics, 'usersOnline'>,
  counts: Readonly<Record<Status, number>>,
): void => {
  for (const status of ['online', 'away', 'busy'] as const) usersOnline.set({ status }, counts[status]);
};
