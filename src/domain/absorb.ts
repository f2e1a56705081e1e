import type { DeviceMask } from './devices.ts';
import { isEnded, isForgotten } from './ending.ts';
import type { Adornment, OwnClaim, Profile, Status } from './model.ts';
import { mergeProfile } from './profile.ts';
import {
  activeUntil,
  type Grace,
  isInGrace,
  isPresent,
  MAX_NODES,
  type NodeHolding,
  newestOpening,
  type Row,
} from './row.ts';

/** What one node says of one user, in the store's time: absolute values, so that saying it twice changes nothing. */
export interface Report {
  readonly count: number;
  /** Last activity; 0 when the connections said nothing of it. */
  readonly activeAt: number;
  readonly idle: boolean;
  /** The newest connection that opened alone here said on opening that it is not in use. */
  readonly openedIdle?: boolean;
  /** Newest opening and newest unclean close; 0 for none. */
  readonly openedAt: number;
  readonly closedAt: number;
  /** Newest opening of those that only watch: nobody is present by them, but their tokens say words too. 0 for none. */
  readonly watchedAt?: number;
  readonly graceMs: number;
  readonly devices: DeviceMask;
  readonly profile: Profile;
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
  row.goneActiveAt = Math.max(row.goneActiveAt, known.lastSeen ?? 0);
  // What was frozen while invisible is as lost as the row: what others were shown of it is what the view says.
  const hides = row.ownClaim?.status === 'invisible' && known.status === 'offline';
  if (row.hiddenLastSeen !== undefined || hides) row.hiddenLastSeen = known.lastSeen ?? 0;
  return true;
};

export const adornmentOf = (from: Adornment): Adornment => ({
  ...(from.text !== undefined && { text: from.text }),
  ...(from.emoji !== undefined && { emoji: from.emoji }),
  ...(from.until !== undefined && { until: from.until }),
});

/** The greater stamp wins, so that claims may arrive late, twice and in any order. */
export const mergeOwnClaim = (row: Row, claim: OwnClaim | undefined): boolean => {
  if (claim === undefined || claim.stamp <= Math.max(row.ownClaim?.stamp ?? 0, row.forgotten)) return false;
  row.ownClaim = {
    status: claim.status,
    stamp: claim.stamp,
    ...(claim.status !== null && adornmentOf(claim)),
  };
  return true;
};

/**
 * A silent connection is active, but within a grace takes over what the user is at this moment. One that opens idle takes
 * that over wherever there is something of them, and else is idle: a machine that reconnects by itself is nobody.
 */
const stanceOnOpening = (
  row: Row,
  { openedIdle = false, openedAt }: Report,
  restored: boolean,
  now: number,
  idleAwayMs: number,
): NodeHolding['stance'] => {
  if (restored && row.status !== 'offline') {
    const active = row.status === 'online' || idleAwayMs === 0 || row.goneActiveAt + idleAwayMs > now;
    return active ? 'own' : 'inheritedIdle';
  }
  if (!isPresent(row)) return openedIdle ? 'inheritedIdle' : 'own';
  if (!openedIdle && !isInGrace(row) && openedAt >= row.endedGraceUntil) return 'own';
  return activeUntil(row, idleAwayMs) > now ? 'inheritedActive' : 'inheritedIdle';
};

/** Brings the inputs of a row to what a node says; {@link evaluate} must follow. */
export const absorb = (
  row: Row,
  node: string,
  said: Report,
  now: number,
  idleAwayMs: number,
): { restored: boolean; claimed: boolean } => {
  const { watchedAt = 0 } = said;
  if (isForgotten(row, Math.max(said.openedAt, watchedAt))) return { restored: false, claimed: false };
  // What was ended is gone, grace and all, though its node has not heard of it.
  const report = isEnded(row, said.openedAt) ? { ...said, count: 0, closedAt: 0 } : said;
  const claimed = mergeOwnClaim(row, report.claim);
  const restored = restore(row, report.known);
  const prior = row.nodes.get(node);
  mergeProfile(row, report.profile, watchedAt > 0 ? now : 0);

  let { activeAt } = report;
  let stance: NodeHolding['stance'] = 'own';
  if (activeAt === 0) {
    stance = prior?.stance ?? stanceOnOpening(row, report, restored, now, idleAwayMs);
    activeAt = prior?.activeAt ?? (stance === 'own' ? report.openedAt : 0);
  }
  if (report.count > 0) {
    const { count, idle, openedAt, devices } = report;
    if (prior !== undefined || row.nodes.size < MAX_NODES)
      row.nodes.set(node, { count, activeAt, stance, idle, openedAt, devices });
  } else if (prior !== undefined || report.activeAt > 0) {
    if (stance === 'own') row.goneActiveAt = Math.max(row.goneActiveAt, activeAt);
    row.nodes.delete(node);
    row.goneOpenedAt = Math.max(row.goneOpenedAt, report.openedAt);
  }
  // Who was shown online was active, but when is lost with the row: else who returns would take over idleness.
  if (restored && row.status === 'online' && row.goneActiveAt === 0) row.goneActiveAt = now;
  startOrEndGrace(row, prior, report, stance);
  clearGoneOpening(row);
  return { restored, claimed };
};

/** With nobody left, or somebody who opened later, the newest opening that is gone says nothing any more. */
const clearGoneOpening = (row: Row): void => {
  if (row.nodes.size === 0 || newestOpening(row) >= row.goneOpenedAt) row.goneOpenedAt = 0;
};

/** An unclean close newer than every opening starts or extends the grace; an opening not older than it ends it. */
const startOrEndGrace = (
  row: Row,
  prior: NodeHolding | undefined,
  report: Report,
  stance: NodeHolding['stance'],
): void => {
  const opened = Math.max(newestOpening(row), row.goneOpenedAt, report.openedAt);
  if (row.grace !== undefined && opened >= row.grace.startedAt) {
    row.endedGraceUntil = row.grace.startedAt + row.grace.durationMs;
    row.grace = undefined;
  }
  if (report.closedAt === 0 || report.closedAt <= opened) return;
  const wasIdle = report.count === 0 || (prior?.idle ?? true);
  mergeGrace(row, {
    startedAt: report.closedAt,
    durationMs: report.graceMs,
    idle: stance === 'inheritedIdle' || (report.idle && wasIdle),
    nodeLost: false,
    devices: (prior?.devices ?? 0) | report.devices,
  });
};

/**
 * Several closes make one grace, in whichever order nodes tell of them: it runs to the latest end, and is idle only
 * when everything that closed was. Joining one twice changes nothing.
 */
const mergeGrace = (row: Row, grace: Grace): void => {
  const { grace: other = grace } = row;
  const newest = grace.startedAt > other.startedAt ? grace : other;
  row.grace = {
    startedAt: newest.startedAt,
    durationMs:
      Math.max(grace.startedAt + grace.durationMs, other.startedAt + other.durationMs) - newest.startedAt,
    idle: grace.idle && other.idle,
    nodeLost: newest.nodeLost,
    devices: grace.devices | other.devices,
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
  const prior = row.nodes.get(node);
  if (prior === undefined) return false;
  const active = prior.stance === 'own' && !prior.idle;
  row.goneActiveAt = Math.max(
    row.goneActiveAt,
    active ? Math.max(prior.activeAt, lastBeat) : prior.stance === 'own' ? prior.activeAt : 0,
  );
  row.nodes.delete(node);
  const idle = prior.idle || prior.stance === 'inheritedIdle';
  if (diedBy > Math.max(newestOpening(row), row.goneOpenedAt)) {
    mergeGrace(row, { startedAt: diedBy, durationMs: graceMs, idle, nodeLost: true, devices: prior.devices });
  }
  clearGoneOpening(row);
  return true;
};
