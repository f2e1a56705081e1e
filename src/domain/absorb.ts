import type { DeviceMask } from './devices.ts';
import { isEnded, isForgotten } from './ending.ts';
import type { Adornment, OwnClaim, Status, Words } from './model.ts';
import { takeWords } from './profile.ts';
import {
  activeUntil,
  isInGrace,
  isPresent,
  type Leave,
  MAX_NODES,
  newestOpening,
  type Part,
  type Row,
} from './row.ts';

/** What one node says of one user, in the store's time: absolute values, so that saying it twice changes nothing. */
export interface Report {
  readonly count: number;
  /** Last activity; 0 when the connections said nothing of it. */
  readonly act: number;
  readonly idle: boolean;
  /** The newest connection that opened alone here said on opening that it is not in use. */
  readonly openedIdle?: boolean;
  /** Newest opening and newest unclean close; 0 for none. */
  readonly opened: number;
  readonly closed: number;
  /** Newest opening of those that only watch: nobody is present by them, but their tokens say words too. 0 for none. */
  readonly watched?: number;
  readonly graceMs: number;
  readonly devices: DeviceMask;
  readonly words: Words;
  readonly claim?: OwnClaim | undefined;
  readonly known?: KnownView | undefined;
}

/** The part of a view from which a lost row is restored. */
export interface KnownView extends Adornment {
  readonly status: Status;
  readonly since: number;
  readonly ver: number;
  readonly lastSeen?: number | undefined;
}

/**
 * A row that was lost, or is older than what a node showed, takes that view without a transition.
 * @returns whether it did.
 */
export const restore = (row: Row, known: KnownView | undefined): boolean => {
  if (known === undefined || known.ver <= Math.max(row.ver, row.forgotten)) return false;
  row.status = known.status;
  row.since = known.since;
  row.ver = known.ver;
  row.shown = adornmentOf(known);
  row.seen = Math.max(row.seen, known.lastSeen ?? 0);
  // What was frozen while invisible is as lost as the row: what others were shown of it is what the view says.
  const hides = row.own?.status === 'invisible' && known.status === 'offline';
  if (row.frozen !== undefined || hides) row.frozen = known.lastSeen ?? 0;
  return true;
};

export const adornmentOf = (from: Adornment): Adornment => ({
  ...(from.text !== undefined && { text: from.text }),
  ...(from.emoji !== undefined && { emoji: from.emoji }),
  ...(from.until !== undefined && { until: from.until }),
});

/** The greater stamp wins, so that claims may arrive late, twice and in any order. */
export const takeOwnClaim = (row: Row, claim: OwnClaim | undefined): boolean => {
  if (claim === undefined || claim.stamp <= Math.max(row.own?.stamp ?? 0, row.forgotten)) return false;
  row.own = { status: claim.status, stamp: claim.stamp, ...(claim.status !== null && adornmentOf(claim)) };
  return true;
};

/**
 * A silent connection is active, but within a grace takes over what the user is at this moment. One that opens idle takes
 * that over wherever there is something of them, and else is idle: a machine that reconnects by itself is nobody.
 */
const stanceOnOpening = (
  row: Row,
  { openedIdle = false, opened }: Report,
  restored: boolean,
  now: number,
  idleAwayMs: number,
): Part['stance'] => {
  if (restored && row.status !== 'offline') {
    const active = row.status === 'online' || idleAwayMs === 0 || row.seen + idleAwayMs > now;
    return active ? 'own' : 'tookIdle';
  }
  if (!isPresent(row)) return openedIdle ? 'tookIdle' : 'own';
  if (!openedIdle && !isInGrace(row) && opened >= row.back) return 'own';
  return activeUntil(row, idleAwayMs) > now ? 'tookActive' : 'tookIdle';
};

/** Brings the inputs of a row to what a node says; {@link evaluate} must follow. */
export const absorb = (
  row: Row,
  node: string,
  said: Report,
  now: number,
  idleAwayMs: number,
): { restored: boolean; claimed: boolean } => {
  const { watched = 0 } = said;
  if (isForgotten(row, Math.max(said.opened, watched))) return { restored: false, claimed: false };
  // What was ended is gone, grace and all, though its node has not heard of it.
  const report = isEnded(row, said.opened) ? { ...said, count: 0, closed: 0 } : said;
  const claimed = takeOwnClaim(row, report.claim);
  const restored = restore(row, report.known);
  const prior = row.parts.get(node);
  takeWords(row, report.words, watched > 0 ? now : 0);

  let act = report.act;
  let stance: Part['stance'] = 'own';
  if (act === 0) {
    stance = prior?.stance ?? stanceOnOpening(row, report, restored, now, idleAwayMs);
    act = prior?.act ?? (stance === 'own' ? report.opened : 0);
  }
  if (report.count > 0) {
    const { count, idle, opened, devices } = report;
    if (prior !== undefined || row.parts.size < MAX_NODES)
      row.parts.set(node, { count, act, stance, idle, opened, devices });
  } else if (prior !== undefined || report.act > 0) {
    if (stance === 'own') row.seen = Math.max(row.seen, act);
    row.parts.delete(node);
    row.left = Math.max(row.left, report.opened);
  }
  // Who was shown online was active, but when is lost with the row: else who returns would take over idleness.
  if (restored && row.status === 'online' && row.seen === 0) row.seen = now;
  leaveOrReturn(row, prior, report, stance);
  forgetLeft(row);
  return { restored, claimed };
};

/** With nobody left, or somebody who opened later, the newest opening that is gone says nothing any more. */
const forgetLeft = (row: Row): void => {
  if (row.parts.size === 0 || newestOpening(row) >= row.left) row.left = 0;
};

/** An unclean close newer than every opening starts or extends the grace; an opening not older than it ends it. */
const leaveOrReturn = (row: Row, prior: Part | undefined, report: Report, stance: Part['stance']): void => {
  const opened = Math.max(newestOpening(row), row.left, report.opened);
  if (row.leave !== undefined && opened >= row.leave.at) {
    row.back = row.leave.at + row.leave.graceMs;
    row.leave = undefined;
  }
  if (report.closed === 0 || report.closed <= opened) return;
  const wasIdle = report.count === 0 || (prior?.idle ?? true);
  joinLeave(row, {
    at: report.closed,
    graceMs: report.graceMs,
    idle: stance === 'tookIdle' || (report.idle && wasIdle),
    lost: false,
    devices: (prior?.devices ?? 0) | report.devices,
  });
};

/**
 * Several closes make one grace, in whichever order nodes tell of them: it runs to the latest end, and is idle only
 * when everything that closed was. Joining one twice changes nothing.
 */
const joinLeave = (row: Row, leave: Leave): void => {
  const { leave: other = leave } = row;
  const newest = leave.at > other.at ? leave : other;
  row.leave = {
    at: newest.at,
    graceMs: Math.max(leave.at + leave.graceMs, other.at + other.graceMs) - newest.at,
    idle: leave.idle && other.idle,
    lost: newest.lost,
    devices: leave.devices | other.devices,
  };
};

/**
 * Clears what a dead node held. It can have died as late as one interval after its last heartbeat: the grace runs
 * from there, and whoever was active then was active until then.
 */
export const loseNode = (
  row: Row,
  node: string,
  lastBeat: number,
  diedBy: number,
  graceMs: number,
): boolean => {
  const prior = row.parts.get(node);
  if (prior === undefined) return false;
  const active = prior.stance === 'own' && !prior.idle;
  row.seen = Math.max(
    row.seen,
    active ? Math.max(prior.act, lastBeat) : prior.stance === 'own' ? prior.act : 0,
  );
  row.parts.delete(node);
  const idle = prior.idle || prior.stance === 'tookIdle';
  if (diedBy > Math.max(newestOpening(row), row.left)) {
    joinLeave(row, { at: diedBy, graceMs, idle, lost: true, devices: prior.devices });
  }
  forgetLeft(row);
  return true;
};
