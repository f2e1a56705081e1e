import { type DayMs, type HybridMicros, type StoreMicros, type StoreMs, toMs } from './clock.ts';
import type { Policy } from './model.ts';
import { type EndingKind, emptyRow, type Row } from './row.ts';

/** Tokens issued so long after a revocation are refused with it: the clocks of issuers are not ours. s */
const SKEW_S = 5;
/** How long a forgotten user cannot come back by what nodes knew before, ms: as long as fences stand. */
const TOMBSTONE_MS = 3_600_000;

/**
 * Ends everything of a user that is alive. Whoever was active is taken to have been until now.
 * @param at - connections opened up to it count no more, whoever still tells of them.
 * @param today - the same moment by the time of day, to which tokens are compared.
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
  if (how === 'revoke') revoke(row, Math.floor(today / 1000));
};

/**
 * The end (ms, exclusive) of the tokens that a revocation refuses. A revocation is written as one number of seconds. A whole
 * number is the moment of it: tokens issued up to {@link SKEW_S} after that second are refused. A fraction names by how
 * much earlier the end is: an older release, which looks at whole seconds alone, refuses the rest of that second too.
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

/** The moment (ms) of which a revocation is, as one that was made without naming a moment. */
export const revokedAt = (at: number): number => refusedBefore(at) - (SKEW_S + 1) * 1000;

/** No revocation can be written of tokens issued before this, and no such token can be good. */
export const EARLIEST_MS = (SKEW_S + 2) * 1000;

/** Whether a revocation refuses everything that another refuses. 0 is none. */
export const covers = (at: number, other: number): boolean =>
  other === 0 || (at > 0 && refusedBefore(at) >= refusedBefore(other));

/** From now on tokens of the user are refused; of several revocations the one that refuses most counts. @param at - s. */
export const revoke = (row: Row, at: number): void => {
  if (!covers(row.revoked, at)) row.revoked = at;
};

/** Ends the sessions that were kept with tokens that are refused now. @returns whether there were any. */
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

/** Forgets a user. What is left keeps late words of nodes from bringing anything back, and a revocation in force. */
export const forget = (row: Row, order: HybridMicros, at: StoreMicros): void => {
  const { revoked } = row;
  const rest: Partial<Row> = { forgotten: order, forgottenAt: toMs(at), ended: { at, how: 'forget' } };
  Object.assign(row, emptyRow(), { revoked, ...rest });
};

/** Whether connections told of have been ended. @param opened - the newest opening, ms. */
export const isEnded = (row: Row, opened: StoreMs): boolean =>
  row.ended !== undefined && opened <= toMs(row.ended.at);

/** Whether nothing may be taken of connections told of, because their user was forgotten since. */
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

/** Until when a revocation has a purpose, and a tombstone; 0 for neither. */
export const revokedUntil = (row: Row, policy: Policy): DayMs =>
  row.revoked > 0 ? row.revoked * 1000 + policy.revocationMs : 0;
export const tombstoneUntil = (row: Row): StoreMs => (row.forgotten > 0 ? row.forgottenAt + TOMBSTONE_MS : 0);
