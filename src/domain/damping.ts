import { type HybridMicros, type StoreMs, stampedAt } from './clock.ts';
import type { Policy } from './model.ts';
import type { Row } from './row.ts';

/**
 * Damping: a token bucket of transitions for each person, kept as the moment at which it is full again (the generic
 * cell rate algorithm, ITU-T I.371). For a row whose last transition found the bucket full, its version alone says
 * so: a calm user costs no byte.
 */
const fullAt = (row: Row, interval: number, now: StoreMs): StoreMs => {
  if (row.burstFullAt !== undefined) return row.burstFullAt;
  return row.ver > 0 ? stampedAt(row.ver, now) + interval : 0;
};

/** The earliest moment at which the person's next transition may be shown; at or below `now` means at once. */
export const turnAt = (row: Row, { damping }: Policy, now: StoreMs): StoreMs => {
  if (damping === undefined) return 0;
  return fullAt(row, damping.intervalMs, now) - (damping.burst - 1) * damping.intervalMs;
};

/**
 * Records a shown transition. One that may not wait borrows from the next, one interval at most. @param ver - its
 * version.
 */
export const spend = (row: Row, { damping }: Policy, now: StoreMs, ver: HybridMicros): void => {
  if (damping === undefined) return;
  const { burst, intervalMs } = damping;
  const full = Math.min(fullAt(row, intervalMs, now), now + burst * intervalMs);
  const isTold = full <= now && Math.floor(ver / 1000) === now;
  row.burstFullAt = isTold ? undefined : Math.max(full, now) + intervalMs;
};

/** A bucket that is full again need not be stored. */
export const forgetPace = (row: Row, now: StoreMs): void => {
  if (row.burstFullAt !== undefined && row.burstFullAt <= now) row.burstFullAt = undefined;
};
