import { type HybridMicros, type StoreMs, stampedAt } from './clock.ts';
import type { Policy } from './model.ts';
import type { Stay } from './place.ts';
import type { Row } from './row.ts';

/**
 * Damping of coming and going: a token bucket for each place of a user as in damping.ts, and one for the user over all
 * places. Leaving never waits, and is counted.
 */
const USER_BURST = 10;
const USER_INTERVAL_MS = 100;

const fullAt = (stay: Stay, interval: number, now: StoreMs): StoreMs => {
  if (stay.fullAt !== undefined) return stay.fullAt;
  return stay.ver > 0 ? stampedAt(stay.ver, now) + interval : 0;
};

/** The earliest moment at which the user may be shown to enter; at or below `now` means at once. */
export const placeTurnAt = (row: Row, stay: Stay, { damping }: Policy, now: StoreMs): StoreMs => {
  if (damping === undefined) return 0;
  const { burst, intervalMs } = damping;
  const ofPlace = fullAt(stay, intervalMs, now) - (burst - 1) * intervalMs;
  return Math.max(ofPlace, row.placesFullAt - (USER_BURST - 1) * USER_INTERVAL_MS);
};

/** Records that the user was shown to enter or to leave. @param ver - of that change; the stay still has the one before. */
export const spendPlace = (
  row: Row,
  stay: Stay,
  { damping }: Policy,
  now: StoreMs,
  ver: HybridMicros,
): void => {
  if (damping === undefined) return;
  const { burst, intervalMs } = damping;
  const full = Math.min(fullAt(stay, intervalMs, now), now + burst * intervalMs);
  const isImplied = full <= now && Math.floor(ver / 1000) === now;
  stay.fullAt = isImplied ? undefined : Math.max(full, now) + intervalMs;
  row.placesFullAt =
    Math.max(Math.min(row.placesFullAt, now + USER_BURST * USER_INTERVAL_MS), now) + USER_INTERVAL_MS;
};

/** A bucket that is full again need not be stored. */
export const forgetStayPace = (stay: Stay, now: StoreMs): void => {
  if (stay.fullAt !== undefined && stay.fullAt <= now) stay.fullAt = undefined;
};

/** The same of the user's bucket. */
export const forgetPlacePace = (row: Row, now: StoreMs): void => {
  if (row.placesFullAt <= now) row.placesFullAt = 0;
};
