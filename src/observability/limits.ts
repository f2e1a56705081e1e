import { totalmem } from 'node:os';
import type { Settings } from '../config/settings.ts';
import type { Metrics } from './metrics.ts';

/** Memory this process may use, bytes. Without a limit the kernel reports a number larger than any machine. */
const memoryLimit = (): number =>
  Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());

/** The settings that alerts compare with, so that no rule has to repeat one. */
export const recordLimits = (metrics: Metrics, settings: Settings): void => {
  metrics.heartbeatTtl.set(settings.heartbeatTtlMs / 1000);
  metrics.offlineGrace.set(settings.offlineGraceMs / 1000);
  metrics.connectionsLimit.set(settings.maxConnections);
  metrics.watchesLimit.set(settings.maxNodeWatches);
  metrics.memoryLimit.set(memoryLimit());
};
