import type { Metrics } from '../observability/metrics.ts';

/** How this node does, at the moment of asking. */
export interface Vitals {
  readonly ready: boolean;
  readonly degraded: boolean;
  readonly draining: boolean;
  /** Since the last answered heartbeat, of the partition in which that is longest ago. */
  readonly heartbeatAgeMs: number;
  /** Age of the oldest change that is not stored. */
  readonly flushLagMs: number;
  /** This machine's clock less that of the store, where they differ most. */
  readonly clockOffsetMs: number;
  /** Living nodes of the deployment, this one included. */
  readonly nodes: number;
}

type VitalMetrics = Pick<
  Metrics,
  'ready' | 'degraded' | 'draining' | 'heartbeatAge' | 'flushLag' | 'clockOffset' | 'clusterNodes'
>;

/** Called before each scrape: ages are worth nothing unless they are taken then. */
export const recordVitals = (metrics: VitalMetrics, vitals: Vitals): void => {
  metrics.ready.set(Number(vitals.ready));
  metrics.degraded.set(Number(vitals.degraded));
  metrics.draining.set(Number(vitals.draining));
  metrics.heartbeatAge.set(vitals.heartbeatAgeMs / 1000);
  metrics.flushLag.set(vitals.flushLagMs / 1000);
  metrics.clockOffset.set(vitals.clockOffsetMs / 1000);
  metrics.clusterNodes.set(vitals.nodes);
};
