import { adornmentOf, sameAdornment } from './adornment.ts';
import { type DeviceMask, devicesInUse } from './devices.ts';
import { areDevicesEnded, isEnded, isForgotten } from './ending.ts';
import type { Adornment, Note, OwnClaim, Profile, Status } from './model.ts';
import { mergeNote } from './note.ts';
import { absorbPlaces, losePlaces, type PlaceSaid } from './place-report.ts';
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

/**
 * One node's report about one user, in the store's time. Values are absolute, so that a repeated report changes
 * nothing.
 */
export interface Report {
  readonly count: number;
  /** Last activity; 0 when the connections reported none. */
  readonly activeAt: number;
  readonly idle: boolean;
  /** The newest connection that opened alone here reported on opening that it is not in use. */
  readonly openedIdle?: boolean;
  /** The last of the connections was closed because its token was revoked. */
  readonly isRevoked?: boolean;
  /** Newest opening and newest unclean close; 0 for none. */
  readonly openedAt: number;
  readonly closedAt: number;
  /**
   * Newest opening of connections that only watch; 0 for none. They make no user present, but their tokens carry a
   * profile.
   */
  readonly watchedAt?: number;
  readonly graceMs: number;
  readonly devices: DeviceMask;
  /** Kinds that are not in use although others are. */
  readonly idleDevices?: DeviceMask;
  readonly profile: Profile;
  readonly claim?: OwnClaim | undefined;
  readonly note?: Note | undefined;
  readonly known?: KnownView | undefined;
  /** All places that the connections say. */
  readonly places?: readonly PlaceSaid[];
}

/** The part of a view from which a lost row is restored. */
export interface KnownView extends Adornment {
  readonly status: Status;
  readonly since: number;
  readonly ver: number;
  readonly lastSeen?: number | undefined;
  readonly note?: Adornment | undefined;
}

/**
 * Restores a row that was lost, or is older than what a node showed, from that view, without a transition.
 * @returns whether it did.
 */
export const restore = (row: Row, known: KnownView | undefined): boolean => {
  if (known === undefined || known.ver <= Math.max(row.ver, row.forgotten)) return false;
  row.status = known.status;
  row.since = known.since;
  row.ver = known.ver;
  row.shown = adornmentOf(known);
  row.shownNote = adornmentOf(known.note ?? {});
  // The view shows a later word than the row has; the nodes of the person know its stamp.
  if (row.note !== undefined && row.note.stamp <= known.ver && !sameAdornment(row.note, row.shownNote))
    row.note = undefined;
  row.goneActiveAt = Math.max(row.goneActiveAt, known.lastSeen ?? 0);
  // What was frozen while invisible is lost with the row. The view says what others were shown of it.
  const hides = row.ownClaim?.status === 'invisible' && known.status === 'offline';
  if (row.hiddenLastSeen !== undefined || hides) row.hiddenLastSeen = known.lastSeen ?? 0;
  return true;
};

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
 * A silent connection is active, but within a grace it inherits what the user is at this moment. A connection that
 * opens idle inherits that wherever anything of the user is present, and is otherwise idle: a machine that reconnects
 * by itself is no sign of a person.
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

/** What a report changed beside the inputs that it names. */
interface Absorbed {
  readonly restored: boolean;
  readonly claimed: boolean;
  readonly noted: boolean;
  /** Places for which there was no room. */
  readonly refused: readonly string[];
}

/** Updates the inputs of a row from a node's report; {@link evaluate} must follow. */
export const absorb = (row: Row, node: string, said: Report, now: number, idleAwayMs: number): Absorbed => {
  const { watchedAt = 0 } = said;
  if (isForgotten(row, Math.max(said.openedAt, watchedAt)))
    return { restored: false, claimed: false, noted: false, refused: [] };
  // Connections that were ended are gone, with their grace, although their node does not know it yet.
  const report =
    isEnded(row, said.openedAt) || areDevicesEnded(row, said.devices, said.openedAt)
      ? { ...said, count: 0, closedAt: 0, places: [] }
      : said;
  const claimed = mergeOwnClaim(row, report.claim);
  const restored = restore(row, report.known);
  const noted = mergeNote(row, report.note);
  const prior = row.nodes.get(node);
  mergeProfile(row, report.profile, watchedAt > 0 ? now : 0);

  let { activeAt } = report;
  let stance: NodeHolding['stance'] = 'own';
  if (activeAt === 0) {
    stance = prior?.stance ?? stanceOnOpening(row, report, restored, now, idleAwayMs);
    activeAt = prior?.activeAt ?? (stance === 'own' ? report.openedAt : 0);
  }
  if (report.count > 0) {
    const { count, idle, openedAt, devices, idleDevices = 0 } = report;
    if (prior !== undefined || row.nodes.size < MAX_NODES)
      row.nodes.set(node, {
        ...{ count, activeAt, stance, idle, openedAt, devices },
        ...(idleDevices > 0 && { idleDevices }),
      });
  } else if (prior !== undefined || report.activeAt > 0) {
    if (stance === 'own') row.goneActiveAt = Math.max(row.goneActiveAt, activeAt);
    row.nodes.delete(node);
    row.goneOpenedAt = Math.max(row.goneOpenedAt, report.openedAt);
  }
  // A user shown online was active. When is lost with the row; without this, a user who returns would inherit
  // idleness.
  if (restored && row.status === 'online' && row.goneActiveAt === 0) row.goneActiveAt = now;
  startOrEndGrace(row, prior, report, stance);
  clearGoneOpening(row);
  const { places = [], isRevoked = false } = report;
  const hasPlaces = places.length > 0 || row.places.size > 0;
  const refused = hasPlaces ? absorbPlaces(row, node, places, isRevoked, now) : [];
  return { restored, claimed, noted, refused };
};

/** Once no connection is left, or one opened later, the newest opening that is gone is not needed any more. */
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
  const devices = (prior?.devices ?? 0) | report.devices;
  mergeGrace(row, {
    startedAt: report.closedAt,
    durationMs: report.graceMs,
    idle: stance === 'inheritedIdle' || (report.idle && wasIdle),
    nodeLost: false,
    devices,
    idleDevices: devices & ~(prior ? devicesInUse(prior) : 0) & ~devicesInUse(report),
  });
};

/**
 * Several closes make one grace, in whichever order nodes report them. It runs to the latest end, and is idle only
 * when every connection that closed was. Joining one twice changes nothing.
 */
const mergeGrace = (row: Row, grace: Grace): void => {
  const { grace: other = grace } = row;
  const newest = grace.startedAt > other.startedAt ? grace : other;
  const devices = grace.devices | other.devices;
  const idle = grace.idle && other.idle;
  const used = devicesInUse(grace) | devicesInUse(other);
  // Where some kind was in use and it is not known which, each may have been.
  const idleDevices = idle || used === 0 ? 0 : devices & ~used;
  row.grace = {
    startedAt: newest.startedAt,
    durationMs:
      Math.max(grace.startedAt + grace.durationMs, other.startedAt + other.durationMs) - newest.startedAt,
    idle,
    nodeLost: newest.nodeLost,
    devices,
    ...(idleDevices > 0 && { idleDevices }),
  };
};

/**
 * Clears what a dead node held. The node can have died as late as one interval after its last heartbeat: the grace
 * runs from there, and a user who was active then counts as active until then.
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
    const { devices, idleDevices = 0 } = prior;
    mergeGrace(row, {
      ...{ startedAt: diedBy, durationMs: graceMs, idle, nodeLost: true },
      ...{ devices, idleDevices },
    });
  }
  if (row.places.size > 0) losePlaces(row, node, diedBy, graceMs);
  clearGoneOpening(row);
  return true;
};
