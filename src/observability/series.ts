import { REASONS, STATUSES } from '../domain/model.ts';
import { CLOSE_CODES, ERROR_CODES } from '../protocol/codes.ts';
import type { Metrics } from './metrics.ts';

/** How upgrades end. */
export const UPGRADE_RESULTS = [
  'accepted',
  'rate_limited',
  'invalid',
  'origin_refused',
  'draining',
  'overloaded',
  'unauthorized',
  'forbidden',
  'failed',
] as const;
export type UpgradeResult = (typeof UPGRADE_RESULTS)[number];

/** Why an event stream is ended from our side: its reader took nothing for a minute; or fell behind, and the log cannot be read. */
export const CUT_REASONS = ['stalled', 'unavailable'] as const;
export type CutReason = (typeof CUT_REASONS)[number];

/**
 * Initialises every counter series at zero: a series that appears with its first event shows no increase for it, and
 * the first event is the one an alert waits for.
 */
export const initSeries = (metrics: Metrics): void => {
  for (const result of UPGRADE_RESULTS) metrics.upgrades.inc({ result }, 0);
  for (const code of Object.keys(CLOSE_CODES)) metrics.closes.inc({ code }, 0);
  for (const code of Object.keys(ERROR_CODES)) metrics.frameErrors.inc({ code }, 0);
  for (const result of ['ok', 'lost', 'fenced', 'failed']) metrics.beats.inc({ result }, 0);
  for (const result of ['ok', 'stale', 'lost', 'fenced', 'unknown']) metrics.flushes.inc({ result }, 0);
  for (const reason of CUT_REASONS) metrics.eventStreamsCut.inc({ reason }, 0);
  for (const status of STATUSES) {
    if (status !== 'offline') metrics.usersOnline.set({ status }, 0);
    for (const reason of REASONS) metrics.transitions.inc({ status, reason }, 0);
  }
};
