import { toMs } from './clock.ts';
import type { Policy } from './model.ts';
import type { EndingKind, Row } from './row.ts';

/** Tokens issued so long after a revocation are refused with it: the clocks of issuers are not ours. s */
const SKEW_S = 5;
/** How long a forgotten user cannot come back by what nodes knew before, ms: as long as fences stand. */
const TOMBSTONE_MS = 3_600_000;

/**
 * Ends everything of a user that is alive. Whoever was active is taken to have been until now.
 * @param clock - hybrid clock, µs: connections opened up to it count no more, whoever still tells of them.
 */
export const endAll = (row: Row, how: EndingKind, clock: number): void => {
  const now = toMs(clock);
  for (const part of row.parts.values()) {
    if (part.stance === 'own') row.seen = Math.max(row.seen, part.idle ? part.act : now);
  }
  for (const session of row.sessions.values()) row.seen = Math.max(row.seen, session.act);
  row.parts.clear();
  row.sessions.clear();
  row.leave = undefined;
  row.left = 0;
  row.out = { at: clock, how };
  if (how === 'revoke') revoke(row, Math.floor(now / 1000));
};

/** From now on tokens of the user are refused; of several revocations the newest counts. @param at - s. */
export const revoke = (row: Row, at: number): void => {
  row.revoked = Math.max(row.revoked, at);
};

/** Forgets a user. What is left keeps late words of nodes from bringing anything back, and a revocation in force. */
export const forget = (row: Row, empty: Row, clock: number): void => {
  const { revoked } = row;
  Object.assign(row, empty, { revoked, forgotten: clock, out: { at: clock, how: 'forget' } });
};

/** Whether connections told of have been ended. @param opened - the newest opening, ms. */
export const isEnded = (row: Row, opened: number): boolean =>
  row.out !== undefined && opened <= toMs(row.out.at);

/** Whether nothing may be taken of connections told of, because their user was forgotten since. */
export const isForgotten = (row: Row, opened: number): boolean =>
  row.forgotten > 0 && opened <= toMs(row.forgotten);

/** Whether a revocation refuses a token. @param at - whole s, cut off. @param iat - s; 0 for a token without `iat`. */
export const refusesToken = (at: number, iat: number): boolean => iat === 0 || Math.floor(iat) <= at + SKEW_S;

export const isRevoked = (row: Row, iat: number): boolean =>
  row.revoked > 0 && refusesToken(row.revoked, iat);

/** Until when a revocation has a purpose, and a tombstone; 0 for neither. */
export const revokedUntil = (row: Row, policy: Policy): number =>
  row.revoked > 0 ? row.revoked * 1000 + policy.revocationMs : 0;
export const tombstoneUntil = (row: Row): number =>
  row.forgotten > 0 ? toMs(row.forgotten) + TOMBSTONE_MS : 0;
