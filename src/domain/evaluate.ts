import { adornmentOf, sameAdornment, saysSomething } from './adornment.ts';
import { endClaim, lasts, rememberedUntil } from './claims.ts';
import { type DayMs, type HybridMicros, type StoreMs, stampedAt } from './clock.ts';
import { forgetPace, spend, turnAt } from './damping.ts';
import { revokedUntil, tombstoneUntil } from './ending.ts';
import type { Adornment, Policy, Reason, Stamped, Status } from './model.ts';
import { endNote, noteToShow, revealNote, trueNote, withholdNote } from './note.ts';
import { isHeardOf, revealProfile, trueProfile } from './profile.ts';
import { putsOutUntil } from './put-out.ts';
import {
  activeUntil,
  countingClaim,
  type Grace,
  isAlive,
  isInvisible,
  isPresent,
  knownActive,
  lastActive,
  lastSeenAfterGoodbye,
  type Row,
} from './row.ts';

/** The moment and the circumstances under which a row is evaluated. */
export interface Circumstances {
  readonly now: StoreMs;
  /** The same moment by the time of day. */
  readonly today: DayMs;
  readonly policy: Policy;
  /** While above `now`, no user becomes less present than they were: the partition holds still after a loss. */
  readonly holdUntil: StoreMs;
  /**
   * Data was lost, and until the hold ends not every node has reported again which users were present. No user
   * appears or turns active either, because the row may have lost, or may not know yet, that the user was shown so
   * all along.
   */
  readonly gathering: boolean;
  /** How late nodes may write what they know: graces wait that much longer. */
  readonly lagMs: number;
  /** When no node is late any more, as far as was reported; 0 with no lag. */
  readonly lagUntil: StoreMs;
  /** What was true before the inputs changed. */
  readonly before: Before;
  /**
   * A deliberate act, to which holding still does not apply: a claim was set, the user left, or their access was
   * ended.
   */
  readonly deliberate: 'claim' | 'goodbye' | 'revoked' | undefined;
  /** A repair after a loss: its transitions have the reason `resync`. */
  readonly repair: boolean;
}

export interface Before {
  readonly present: boolean;
  readonly hidden: boolean;
  /** When the user was last active as far as others could know; 0 for never. */
  readonly knownActiveAt: number;
}

export const before = (row: Row): Before => ({
  present: isPresent(row),
  hidden: row.hiddenLastSeen !== undefined,
  knownActiveAt: row.hiddenLastSeen ?? knownActive(row),
});

/** What must be shown from now on. The caller gives it a version, see {@link show}. */
export interface Change {
  readonly status: Status;
  readonly shown: Adornment;
  readonly note: Adornment;
  readonly reason: Reason;
}

/** A deliberate `offline` is never held back. */
const MAY_NOT_WAIT: ReadonlySet<Reason> = new Set(['goodbye', 'revoked']);

/** What time has ended. */
interface Ended {
  grace: Grace | undefined;
  claim: boolean;
  session: boolean;
  note: boolean;
}

/**
 * Computes what others see of a user, drops what time has ended, and sets `due` to the next moment at which time
 * alone may change it. The only place where a status is decided; `evaluate.lua` mirrors it.
 * @returns the transition to make, if any.
 */
export const evaluate = (row: Row, at: Circumstances): Change | undefined => {
  const { now, policy } = at;
  const held = at.holdUntil > now;
  forgetPace(row, now);
  const turn = turnAt(row, policy, now);
  const isDamped = turn > now;
  const ended = expire(row, at, held, isDamped);
  const target = decide(row, at);
  const isShown = isAsShown(row, target);
  const isUnsure = at.gathering || isLess(row, target);
  const isHeld = !isShown && held && !isOnPurpose(at, target) && isUnsure;
  const why = reasonOf(row, target, at, ended);
  const isTurnAwaited = isDamped && !isShown && !at.repair && !MAY_NOT_WAIT.has(why);
  const waits = isHeld || isTurnAwaited;
  // To others, a user who hides leaves; one who was offline before has left already.
  if (isInvisible(row)) {
    row.hiddenLastSeen ??=
      row.status === 'offline' ? at.before.knownActiveAt : lastSeenAfterGoodbye(row, now, policy.idleAwayMs);
  } else if (target.status !== 'offline' && !waits) row.hiddenLastSeen = undefined;
  // While a user waits to be shown again, others continue to see them as they left.
  else if (isTurnAwaited && row.status === 'offline' && target.status !== 'offline')
    row.hiddenLastSeen ??= at.before.knownActiveAt;
  if (row.hiddenLastSeen === undefined) revealProfile(row);
  if (target.status !== 'offline' && !waits) revealNote(row);
  if (target.status === 'offline' && isShown) age(row, at);
  const next = deadline(row, at, target);
  row.nextDeadline = next;

  if (row.burstFullAt !== undefined)
    row.nextDeadline = row.nextDeadline === 0 ? row.burstFullAt : Math.min(row.nextDeadline, row.burstFullAt);
  // Nothing that time causes may be shown before.
  if (isDamped) row.nextDeadline = turn;
  if (isShown || isTurnAwaited) return undefined;
  if (waits) {
    row.nextDeadline = next === 0 ? at.holdUntil : Math.min(next, at.holdUntil);
    return undefined;
  }
  return {
    status: target.status,
    shown: target.shown,
    note: target.note,
    reason: at.repair ? 'resync' : why,
  };
};

/** Records a change as shown, under the version that the caller allotted. */
export const show = (
  row: Row,
  change: Change,
  ver: HybridMicros,
  { now, today, policy }: Pick<Circumstances, 'now' | 'today' | 'policy'>,
): void => {
  spend(row, policy, now, ver);
  if (change.status !== row.status) row.since = today;
  row.status = change.status;
  row.shown = change.shown;
  row.shownNote = change.note;
  row.ver = ver;
};

const expire = (
  row: Row,
  { now, today, lagMs, policy }: Circumstances,
  held: boolean,
  damped: boolean,
): Ended => {
  const ended: Ended = { grace: undefined, claim: false, session: false, note: false };
  // What time has ended is kept until the change may be shown, and with it the reason.
  if (!damped && row.ownClaim?.until !== undefined && row.ownClaim.until <= today) {
    row.ownClaim = { status: null, stamp: row.ownClaim.stamp };
    ended.claim = true;
  }
  if (!damped) ended.note = endNote(row, today);
  for (const [source, claim] of row.claims) {
    if (damped || lasts(claim, today)) continue;
    endClaim(row, source, claim);
    ended.claim = true;
  }
  for (const [source, word] of row.endedClaims)
    if (rememberedUntil(word, today) <= today) row.endedClaims.delete(source);
  for (const [id, session] of row.sessions) {
    if (damped || session.expiresAt > now) continue;
    row.goneActiveAt = Math.max(row.goneActiveAt, session.activeAt);
    row.sessions.delete(id);
    ended.session = true;
  }
  if (row.revoked > 0 && revokedUntil(row, policy) <= today) row.revoked = 0;
  if (row.forgotten > 0 && tombstoneUntil(row) <= now) row.forgotten = 0;
  const mayLeave = !held && (!damped || isAlive(row));
  if (mayLeave && row.grace !== undefined && row.grace.startedAt + row.grace.durationMs + lagMs <= now) {
    ended.grace = row.grace;
    row.grace = undefined;
  }
  return ended;
};

/** When the damped transition is shown; 0 when none waits. */
export const awaitedTurn = (row: Row, at: Moment): StoreMs => {
  const turn = turnAt(row, at.policy, at.now);
  if (turn <= at.now) return 0;
  return isAsShown(row, decide(row, at)) ? 0 : turn;
};

interface Target {
  readonly status: Status;
  readonly shown: Adornment;
  readonly note: Adornment;
  readonly why: 'gone' | 'idle' | 'invisible' | 'claim' | 'activity';
}

const isStatusShown = (row: Row, { status, shown }: Target): boolean =>
  status === row.status && sameAdornment(shown, row.shown);

const isAsShown = (row: Row, target: Target): boolean =>
  isStatusShown(row, target) && sameAdornment(target.note, row.shownNote);

type Moment = Pick<Circumstances, 'now' | 'today' | 'policy'>;

const decide = (row: Row, at: Moment): Target => {
  const target = decideStatus(row, at);
  return { ...target, note: adornmentOf(noteToShow(row, target.status !== 'offline')) };
};

const decideStatus = (row: Row, { now, today, policy }: Moment): Omit<Target, 'note'> => {
  if (!isPresent(row)) return { status: 'offline', shown: {}, why: 'gone' };
  const claim = countingClaim(row, today);
  if (claim?.status === 'invisible') return { status: 'offline', shown: {}, why: 'invisible' };
  const active = activeUntil(row, policy.idleAwayMs) > now;
  const forgotten = policy.idleOfflineMs > 0 && !active && lastActive(row) + policy.idleOfflineMs <= now;
  if (forgotten && claim?.status !== 'busy') return { status: 'offline', shown: {}, why: 'idle' };
  if (claim !== undefined) return { status: claim.status as Status, shown: adornmentOf(claim), why: 'claim' };
  return { status: active ? 'online' : 'away', shown: {}, why: 'activity' };
};

/** The next moment at which time alone may change what is shown; 0 for none. */
const deadline = (
  row: Row,
  { now, today, policy, lagMs, lagUntil }: Circumstances,
  target: Target,
): StoreMs => {
  let next = Number.POSITIVE_INFINITY;
  const at = (time: number | undefined): void => {
    if (time !== undefined && time > now) next = Math.min(next, time);
  };
  const atTimeOfDay = (time: DayMs | undefined): void => {
    if (time !== undefined) at(time + (now - today));
  };
  atTimeOfDay(row.ownClaim?.until);
  atTimeOfDay(row.pendingNote?.until);
  atTimeOfDay((row.note ?? row.shownNote).until);
  for (const { from, until, leaseUntil } of row.claims.values()) {
    atTimeOfDay(from);
    atTimeOfDay(until);
    atTimeOfDay(leaseUntil);
  }
  for (const word of row.endedClaims.values()) atTimeOfDay(rememberedUntil(word, today));
  for (const session of row.sessions.values()) at(session.expiresAt);
  atTimeOfDay(revokedUntil(row, policy));
  if (row.grace !== undefined) {
    // Late nodes may be on time again before it; the grace then ends, if it is over.
    const over = row.grace.startedAt + row.grace.durationMs;
    next = Math.min(next, Math.max(over, Math.min(over + lagMs, lagUntil), now + 1));
  }
  if (isPresent(row)) {
    const active = activeUntil(row, policy.idleAwayMs);
    if (active > now) at(active);
    else if (policy.idleOfflineMs > 0) at(lastActive(row) + policy.idleOfflineMs);
  } else if (target.status === 'offline') {
    next = Math.min(next, Math.max(retainedUntil(row, policy, now, today), now + 1));
  }
  if (isOutOfSight(row) && isSeenBefore(row))
    next = Math.min(next, Math.max(viewUntil(row, policy, now, today), now + 1));
  if (isOutOfSight(row) && isNamed(row))
    next = Math.min(next, Math.max(shownUntil(row, policy, now, today), now + 1));
  return Number.isFinite(next) ? next : 0;
};

/**
 * Until when others are shown the last activity of a user who is gone, or looks so. What only the person knows does
 * not count, because a hidden user would then be shown for longer than one who left.
 */
const viewUntil = (row: Row, policy: Policy, now: StoreMs, today: DayMs): StoreMs => {
  const shift = now - today;
  let told = Math.max(row.since, stampedAt(row.ver, now), row.hiddenLastSeen ?? row.goneActiveAt);
  for (const { stamp, from = 0 } of row.claims.values())
    told = Math.max(told, stampedAt(stamp, now), from === 0 ? 0 : from + shift);
  if (row.note !== undefined) told = Math.max(told, stampedAt(row.note.stamp, now));
  const refused = row.revoked > 0 ? revokedUntil(row, policy) + shift : 0;
  return Math.max(told + policy.retentionMs, refused, tombstoneUntil(row));
};

/** Until when others are shown anything. A connection that only watches may have brought name and groups later. */
const shownUntil = (row: Row, policy: Policy, now: StoreMs, today: DayMs): StoreMs => {
  let told = isNamed(row) ? row.profileSaidAt : 0;
  if (row.ver === 0) told = Math.max(told, Math.max(saidAt(row.name), saidAt(row.groups)) + now - today);
  return Math.max(viewUntil(row, policy, now, today), told + policy.retentionMs);
};

const saidAt = (word: Stamped<unknown> | undefined): DayMs => Math.floor(word?.iat ?? 0) * 1000;

/** Until when the row of a user who is gone is kept; `Infinity` while the own claim or the note has no end. */
const retainedUntil = (row: Row, policy: Policy, now: StoreMs, today: DayMs): StoreMs => {
  const { ownClaim } = row;
  if (ownClaim !== undefined && ownClaim.status !== null && ownClaim.until === undefined)
    return Number.POSITIVE_INFINITY;
  const note = trueNote(row);
  if (note !== undefined && saysSomething(note) && note.until === undefined) return Number.POSITIVE_INFINITY;
  const shown = shownUntil(row, policy, now, today);
  const said = Math.max(ownClaim?.stamp ?? 0, note?.stamp ?? 0);
  let until = Math.max(shown, said === 0 ? 0 : stampedAt(said, now) + policy.retentionMs);
  for (const word of row.endedClaims.values())
    until = Math.max(until, rememberedUntil(word, today) + (now - today));
  if (row.putOut.size > 0) until = Math.max(until, putsOutUntil(row, policy) + (now - today));
  return until;
};

/** Gone, or indistinguishable from it. */
const isOutOfSight = (row: Row): boolean => row.hiddenLastSeen !== undefined || !isPresent(row);

/** Others are shown when the user was last seen. */
const isSeenBefore = (row: Row): boolean => row.ver > 0 || (row.hiddenLastSeen ?? row.goneActiveAt) > 0;

const isNamed = (row: Row): boolean => row.name !== undefined || row.groups !== undefined;

/**
 * What others see of a user who is out of sight ends with the retention, as it does with the row of a user who left.
 * What is true of the person stays: their claim, their connections, and what their tokens said.
 */
const age = (row: Row, { policy, now, today }: Circumstances): void => {
  if (!isOutOfSight(row) || !(isSeenBefore(row) || isNamed(row))) return;
  if (viewUntil(row, policy, now, today) > now) return;
  const until = shownUntil(row, policy, now, today);
  if (row.hiddenLastSeen !== undefined) row.hiddenLastSeen = 0;
  else row.goneActiveAt = 0;
  row.claims.clear();
  withholdNote(row);
  Object.assign(row, { ver: 0, since: 0 });
  if (until > now) return;
  const words = isPresent(row) ? trueProfile(row) : {};
  Object.assign(row, { name: undefined, groups: undefined, profileSaidAt: 0 });
  row.pendingProfile = words.name === undefined && words.groups === undefined ? undefined : words;
};

/** Whether a new row need not be stored: the user is not present, and nothing is known of them. */
export const isNobody = (row: Row, policy: Policy, now: StoreMs, today: DayMs): boolean =>
  !isHeardOf(row) && isForgettable(row, policy, now, today);

/** Whether nothing in a row is worth keeping any more. */
export const isForgettable = (row: Row, policy: Policy, now: StoreMs, today: DayMs): boolean =>
  !isAlive(row) &&
  row.grace === undefined &&
  row.status === 'offline' &&
  retainedUntil(row, policy, now, today) <= now;

/**
 * Whether the change was wanted. A claim does not want its user to be gone, idle, or as idle as one of their nodes
 * reports: nodes send claims again after a loss, when other nodes may not have reported yet.
 */
const isOnPurpose = ({ deliberate, gathering }: Circumstances, { why }: Target): boolean =>
  deliberate === 'claim'
    ? why === 'claim' || why === 'invisible' || (why === 'activity' && !gathering)
    : deliberate !== undefined;

const isClaimShown = (row: Row): boolean =>
  row.status === 'busy' ||
  row.shown.text !== undefined ||
  row.shown.emoji !== undefined ||
  row.shown.until !== undefined;

const isLess = (row: Row, target: Target): boolean => {
  if (row.status === 'offline') return false;
  if (target.status === 'offline') return true;
  if (row.status === 'online' && target.status === 'away') return true;
  return isClaimShown(row) && target.why !== 'claim';
};

const reasonOf = (row: Row, target: Target, at: Circumstances, ended: Ended): Reason => {
  if (isStatusShown(row, target)) return ended.note ? 'expired' : 'note';
  if (target.why === 'invisible') return 'goodbye';
  if (target.why === 'idle') return 'idle';
  if (target.why === 'gone') {
    if (ended.grace !== undefined) return ended.grace.nodeLost ? 'node_lost' : 'disconnect';
    if (at.deliberate === 'revoked') return 'revoked';
    return ended.session ? 'expired' : 'goodbye';
  }
  if (row.status === 'offline') {
    // A user who was never shown had to wait until other nodes had reported.
    if (!at.before.present || at.before.hidden || row.ver === 0) return 'connect';
    return target.why === 'claim' ? 'claim' : 'active';
  }
  if (ended.claim) return 'expired';
  if (target.why === 'claim' || at.deliberate === 'claim' || isClaimShown(row)) return 'claim';
  return target.status === 'away' ? 'idle' : 'active';
};
