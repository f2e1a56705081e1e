import type { DeviceMask } from './devices.ts';
import { lastActive, type Row } from './row.ts';

/** Sessions one user may have at once. */
const MAX_SESSIONS = 16;

/** A call's report about a session, in the store's time. */
export interface SessionReport {
  readonly expiresAt: number;
  readonly activity: 'active' | 'idle' | undefined;
  readonly devices: DeviceMask;
  /** Of the token behind the call, s: see `PresenceSession`. */
  readonly issued: number;
}

/**
 * Begins a session or prolongs it. The first call is activity unless it says otherwise. A session that begins idle
 * inherits the user's last activity, as a connection that opens idle does. Later calls are activity when they say so.
 * @returns `false` when there are too many already.
 */
export const keepSession = (row: Row, id: string, report: SessionReport, now: number): boolean => {
  const { expiresAt, activity, devices, issued } = report;
  const known = row.sessions.get(id);
  const prior = known !== undefined && known.expiresAt > now ? known : undefined;
  if (prior === undefined && othersAlive(row, id, now) >= MAX_SESSIONS) return false;
  let idle = activity === 'idle' || (activity === undefined && prior?.idle === true);
  let activeAt = prior?.activeAt ?? (idle ? lastActive(row) || now : now);
  if (activity === 'active') {
    idle = false;
    activeAt = now;
  }
  row.sessions.set(id, { expiresAt, activeAt, idle, devices, issued });
  return true;
};

/** A goodbye: what was known of the session's activity stays. @returns whether there was one. */
export const endSession = (row: Row, id: string): boolean => {
  const session = row.sessions.get(id);
  if (session === undefined) return false;
  row.goneActiveAt = Math.max(row.goneActiveAt, session.activeAt);
  return row.sessions.delete(id);
};

/** "I was active now", from a user without a connection; it makes no user present. */
export const touch = (row: Row, now: number): void => {
  row.goneActiveAt = Math.max(row.goneActiveAt, now);
};

const othersAlive = (row: Row, id: string, now: number): number => {
  let others = 0;
  for (const [other, { expiresAt }] of row.sessions) if (other !== id && expiresAt > now) others += 1;
  return others;
};
