import { type DayMs, type HybridMicros, type StoreMicros, type StoreMs, toMs } from './clock.ts';
import type { DeviceMask } from './devices.ts';
import type { Policy } from './model.ts';
import { type EndingKind, emptyRow, type Row } from './row.ts';

/**
 * Tokens issued up to this long after a revocation are refused too, because the clocks of issuers differ from ours. s
 */
const SKEW_S = 5;
/** How long older reports of nodes cannot bring a forgotten user back, ms: as long as fences last. */
const TOMBSTONE_MS = 3_600_000;

/**
 * Ends everything alive of a user. An active user counts as active until now.
 * @param at - connections opened up to it no longer count, whichever node still reports them.
 * @param today - the same moment by the time of day, with which tokens are compared.
 */
export const endAll = (row: Row, how: EndingKind, at: StoreMicros, today: DayMs): void => {
  const now = toMs(at);
  for (const holding of row.nodes.values()) {
    if (holding.stance === 'own')
      row.goneActiveAt = Math.max(row.goneActiveAt, holding.idle ? holding.activeAt : now);
  }
  for (const session of row.sessions.values())
    row.goneActiveAt = Math.max(row.goneActiveAt, session.activeAt);
  row.nodes.clear();
  row.sessions.clear();
  row.grace = undefined;
  row.goneOpenedAt = 0;
  row.ended = { at, how };
  row.endedDevices.clear();
  if (how === 'revoke') revoke(row, Math.floor(today / 1000));
};

/**
 * Ends the connections, sessions and grace of one kind of device. Of a node that holds several kinds only the node
 * knows how many connections are left: it reports them once it has closed these.
 * @param bit - of the kind.
 * @param at - as for {@link endAll}.
 * @returns the nodes that hold nothing of the user any more.
 */
export const endDevice = (row: Row, bit: DeviceMask, at: StoreMicros): readonly string[] => {
  const now = toMs(at);
  const gone: string[] = [];
  row.endedDevices.set(bit, at);
  for (const [node, holding] of row.nodes) {
    if (holding.devices !== bit) {
      holding.devices &= ~bit;
      continue;
    }
    if (holding.stance === 'own')
      row.goneActiveAt = Math.max(row.goneActiveAt, holding.idle ? holding.activeAt : now);
    row.goneOpenedAt = Math.max(row.goneOpenedAt, holding.openedAt);
    row.nodes.delete(node);
    gone.push(node);
  }
  if (row.nodes.size === 0) row.goneOpenedAt = 0;
  for (const [id, session] of row.sessions) {
    if (session.devices !== bit) continue;
    row.goneActiveAt = Math.max(row.goneActiveAt, session.activeAt);
    row.sessions.delete(id);
  }
  if (row.grace?.devices === bit) row.grace = undefined;
  else if (row.grace) row.grace.devices &= ~bit;
  return gone;
};

/**
 * The end (ms, exclusive) of the tokens that a revocation refuses. A revocation is written as one number of seconds.
 * A whole number is its moment: tokens issued up to {@link SKEW_S} after that second are refused. A fraction says by
 * how much earlier the end is. An older release, which reads whole seconds only, refuses the rest of that second too.
 */
const refusedBefore = (at: number): number => {
  const second = Math.floor(at);
  return (second + SKEW_S + 1) * 1000 - Math.round((at - second) * 1000);
};

/** The revocation that refuses exactly the tokens issued before a moment. @param before - ms, above {@link EARLIEST_MS}. */
export const revocationBefore = (before: number): number => {
  const second = Math.ceil(before / 1000) - SKEW_S - 1;
  return second + ((second + SKEW_S + 1) * 1000 - before) / 1000;
};

/** The moment (ms) that a revocation stands for when it was made without naming one. */
export const revokedAt = (at: number): number => refusedBefore(at) - (SKEW_S + 1) * 1000;

/** No revocation can be written for tokens issued before this, and no such token can be valid. */
export const EARLIEST_MS = (SKEW_S + 2) * 1000;

/** Whether a revocation refuses everything that another refuses. 0 is none. */
export const covers = (at: number, other: number): boolean =>
  other === 0 || (at > 0 && refusedBefore(at) >= refusedBefore(other));

/** Refuses the user's tokens from now on. Of several revocations the one that refuses most counts. @param at - s. */
export const revoke = (row: Row, at: number): void => {
  if (!covers(row.revoked, at)) row.revoked = at;
};

/** Ends the sessions kept alive with tokens that are now refused. @returns whether there were any. */
export const endRefusedSessions = (row: Row): boolean => {
  let hasEnded = false;
  for (const [id, session] of row.sessions) {
    if (!isRevoked(row, session.issued ?? 0)) continue;
    row.goneActiveAt = Math.max(row.goneActiveAt, session.activeAt);
    row.sessions.delete(id);
    hasEnded = true;
  }
  return hasEnded;
};

/**
 * Forgets a user. What is left stops late reports of nodes from restoring anything, and keeps a revocation in force, also one
 * of places. Others are still to be shown that the user left these.
 */
export const forget = (row: Row, order: HybridMicros, at: StoreMicros): void => {
  const { revoked, places, putOut } = row;
  const rest: Partial<Row> = { forgotten: order, forgottenAt: toMs(at), ended: { at, how: 'forget' } };
  Object.assign(row, emptyRow(), { revoked, places, putOut, ...rest });
};

/** Whether reported connections have been ended. @param opened - the newest opening, ms. */
export const isEnded = (row: Row, opened: StoreMs): boolean =>
  row.ended !== undefined && opened <= toMs(row.ended.at);

/** Whether reported connections are all of kinds that have been ended. @param opened - the newest opening, ms. */
export const areDevicesEnded = (row: Row, devices: DeviceMask, opened: StoreMs): boolean => {
  if (row.endedDevices.size === 0 || devices === 0) return false;
  let left = devices;
  for (const [bit, at] of row.endedDevices) if (opened <= toMs(at)) left &= ~bit;
  return left === 0;
};

/** Whether reported connections must be ignored, because their user was forgotten after they opened. */
export const isForgotten = (row: Row, opened: StoreMs): boolean =>
  row.forgotten > 0 && opened <= row.forgottenAt;

/**
 * Whether a revocation refuses a token.
 * @param at - s, see {@link refusedBefore}.
 * @param issued - s: the latest moment at which the token can have been issued; 0 for a token without `iat`.
 */
export const refusesToken = (at: number, issued: number): boolean =>
  issued === 0 || Math.round(issued * 1000) < refusedBefore(at);

export const isRevoked = (row: Row, issued: number): boolean =>
  row.revoked > 0 && refusesToken(row.revoked, issued);

/** Until when a revocation or a tombstone is still needed; 0 for neither. */
export const revokedUntil = (row: Row, policy: Policy): DayMs =>
  row.revoked > 0 ? row.revoked * 1000 + policy.revocationMs : 0;
export const tombstoneUntil = (row: Row): StoreMs => (row.forgotten > 0 ? row.forgottenAt + TOMBSTONE_MS : 0);
