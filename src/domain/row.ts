import type { DayMs, HybridMicros, StoreMicros, StoreMs } from './clock.ts';
import { type DeviceMask, devicesInUse } from './devices.ts';
import {
  type Adornment,
  type Claim,
  type Note,
  OWN_PRIORITY,
  OWN_SOURCE,
  type OwnClaim,
  type Profile,
  type Stamped,
  type Status,
  type Word,
} from './model.ts';
import type { PutOut, Stay } from './place.ts';

/**
 * How a node's connections stand to activity. `own`: they reported it themselves, or opened alone; their node watches
 * the idle limit. With the other two they reported nothing yet and inherited what the user was when they opened.
 */
export type Stance = 'own' | 'inheritedActive' | 'inheritedIdle';

/**
 * Nodes on which connections of one user count. A row is read and written whole: this bounds what one user can cost
 * every call that concerns them. The holding of a further node does not count; the user is present by the others.
 */
export const MAX_NODES = 4096;

/** The connections of one user on one node. */
export interface NodeHolding {
  count: number;
  /** Last activity; meaningful with stance `own`. */
  activeAt: StoreMs;
  stance: Stance;
  /** The node reports that none of them is in use. */
  idle: boolean;
  /** Newest opening. */
  openedAt: StoreMs;
  devices: DeviceMask;
  /** Kinds that are not in use although others here are; absent for none. */
  idleDevices?: DeviceMask;
}

/** Presence without a socket. */
export interface PresenceSession {
  expiresAt: StoreMs;
  activeAt: StoreMs;
  idle: boolean;
  devices: DeviceMask;
  /** The latest moment (s) at which the token that last prolonged it can have been issued; absent while unknown. */
  issued?: number;
}

/** The running grace: until it ends, closed connections still count as they were. */
export interface Grace {
  /** Newest unclean close. */
  startedAt: StoreMs;
  durationMs: number;
  idle: boolean;
  /** A node died, not a socket. */
  nodeLost: boolean;
  devices: DeviceMask;
  /** Kinds that were not in use although others were; absent for none. */
  idleDevices?: DeviceMask;
}

/** How everything alive of a user was ended at once. */
export type EndingKind = 'logout' | 'disconnect' | 'revoke' | 'forget';

/** The same, or only what was on one kind of device. */
export type AnyEnding = EndingKind | 'disconnect_device';

/** Everything the store knows of one user: the inputs, and what others were last shown. */
export interface Row {
  readonly nodes: Map<string, NodeHolding>;
  readonly sessions: Map<string, PresenceSession>;
  /** Claims of services by source. */
  readonly claims: Map<string, Claim>;
  /** Of claims of services that were cleared or have ended, by source: what is older comes too late. */
  readonly endedClaims: Map<string, Word>;
  ownClaim: OwnClaim | undefined;
  grace: Grace | undefined;
  /**
   * When the grace that an opening ended last would have ended; 0 for none. Connections that come back until then
   * come back together.
   */
  endedGraceUntil: number;
  /** Last activity reported by connections that are gone; 0 for none. */
  goneActiveAt: number;
  /**
   * Newest opening on a node that no longer holds the user, while others do; 0 for none. A close from before it,
   * reported late by one of the others, must not bring its grace back.
   */
  goneOpenedAt: number;
  /** Connections opened up to `at` were ended: they no longer count, whichever node still reports them. */
  ended: { readonly at: StoreMicros; readonly how: EndingKind } | undefined;
  /** The same of single kinds of device, by their bit. */
  readonly endedDevices: Map<DeviceMask, StoreMicros>;
  /** When the user was forgotten: nothing stamped before may come back; 0 for never. */
  forgotten: HybridMicros;
  /** The same moment in the store's time, for connections opened before, and for how long it is remembered. */
  forgottenAt: StoreMs;
  /** Which tokens are refused (s): see `refusedBefore`; 0 for none. */
  revoked: number;
  /** Name and groups as others know them. */
  name: Stamped<string> | undefined;
  groups: Stamped<readonly string[]> | undefined;
  /** What tokens said while the person was invisible: true for the person, not seen by others yet. */
  pendingProfile: Profile | undefined;
  /**
   * When a connection that only watches last brought name or groups; 0 for never. They are kept as if the user left
   * then.
   */
  profileSaidAt: StoreMs;
  status: Status;
  since: number;
  ver: number;
  shown: Adornment;
  /** The note as others may know it; absent where only {@link shownNote} is known. */
  note: Note | undefined;
  /** A note that others are not shown again before they see its person. */
  pendingNote: Note | undefined;
  /** The note that others were last shown. */
  shownNote: Adornment;
  /** `lastSeen` as frozen when invisibility began; undefined while visible. */
  hiddenLastSeen: number | undefined;
  /** When the bucket of transitions is full again, unless `ver` implies it: see damping.ts. */
  burstFullAt: StoreMs | undefined;
  /** Where the user is, shown or not, in the order in which they came there. */
  readonly places: Map<string, Stay>;
  /** The newest change of a place in which nothing of the user is left: what a node saw before restores nothing; 0 for none. */
  placesLeft: HybridMicros;
  /** When the user's bucket of coming and going is full again; 0 when it is. */
  placesFullAt: StoreMs;
  /** Places from which this user was put out. */
  readonly putOut: Map<string, PutOut>;
  /** Next deadline; 0 for none. */
  nextDeadline: number;
}

export const emptyRow = (): Row => ({
  nodes: new Map(),
  sessions: new Map(),
  claims: new Map(),
  endedClaims: new Map(),
  ownClaim: undefined,
  grace: undefined,
  endedGraceUntil: 0,
  goneActiveAt: 0,
  goneOpenedAt: 0,
  ended: undefined,
  endedDevices: new Map(),
  forgotten: 0,
  forgottenAt: 0,
  revoked: 0,
  name: undefined,
  groups: undefined,
  pendingProfile: undefined,
  profileSaidAt: 0,
  status: 'offline',
  since: 0,
  ver: 0,
  shown: {},
  note: undefined,
  pendingNote: undefined,
  shownNote: {},
  hiddenLastSeen: undefined,
  burstFullAt: undefined,
  places: new Map(),
  placesLeft: 0,
  placesFullAt: 0,
  putOut: new Map(),
  nextDeadline: 0,
});

export const newestOpening = (row: Row): number => {
  let newest = 0;
  for (const holding of row.nodes.values()) newest = Math.max(newest, holding.openedAt);
  return newest;
};

/** When the user was last active, as far as was reported; with no report yet, when they came. 0 for never. */
export const lastActive = (row: Row): number => reportedActive(row) || newestOpening(row);

const reportedActive = (row: Row): number => {
  let last = row.goneActiveAt;
  for (const holding of row.nodes.values())
    if (holding.stance === 'own') last = Math.max(last, holding.activeAt);
  for (const session of row.sessions.values()) last = Math.max(last, session.activeAt);
  return last;
};

/**
 * Last activity as others may know it. For a user never shown, only what closed connections reported; connecting is
 * none.
 */
export const knownActive = (row: Row): number => (row.ver === 0 ? row.goneActiveAt : reportedActive(row));

/**
 * What would be known of the user's last activity if everything alive of them said goodbye now; 0 for nothing. A user
 * who counts as active was so within the idle limit; where the last report is older, they were active until now, as
 * at a logout.
 * @param idleAwayMs - 0: no user is ever idle for being silent.
 */
export const lastSeenAfterGoodbye = (row: Row, now: number, idleAwayMs: number): number => {
  let last = row.goneActiveAt;
  for (const { stance, idle, activeAt } of row.nodes.values()) {
    if (stance !== 'own') continue;
    const isStale = !idle && idleAwayMs > 0 && activeAt + idleAwayMs <= now;
    last = Math.max(last, isStale ? now : activeAt);
  }
  for (const session of row.sessions.values()) last = Math.max(last, session.activeAt);
  return last;
};

export const isInvisible = (row: Row): boolean => row.ownClaim?.status === 'invisible';

export const isAlive = (row: Row): boolean => row.nodes.size > 0 || row.sessions.size > 0;

/** The connections of a grace count only for a user who is present: a grace keeps, it never brings back. */
export const isInGrace = (row: Row): boolean =>
  row.grace !== undefined && (row.status !== 'offline' || row.hiddenLastSeen !== undefined || isAlive(row));

export const isPresent = (row: Row): boolean => isAlive(row) || isInGrace(row);

/**
 * Until when the user counts as active: `Infinity` while a node watches over it, a past time when idle.
 * @param idleAwayMs - 0: no user is ever idle for being silent.
 */
export const activeUntil = (row: Row, idleAwayMs: number): number => {
  const last = lastActive(row);
  const until = (act: number): number => (idleAwayMs > 0 ? act + idleAwayMs : Number.POSITIVE_INFINITY);
  let latest = 0;
  for (const holding of row.nodes.values()) {
    if (holding.idle || holding.stance === 'inheritedIdle') continue;
    latest = Math.max(
      latest,
      holding.stance === 'own' ? Number.POSITIVE_INFINITY : until(Math.min(holding.openedAt, last)),
    );
  }
  for (const session of row.sessions.values())
    if (!session.idle) latest = Math.max(latest, until(session.activeAt));
  if (row.grace !== undefined && isInGrace(row) && !row.grace.idle) latest = Math.max(latest, until(last));
  return latest;
};

/** The claim that counts: an own `invisible` before all, then the highest priority, then the newest. */
export const countingClaim = (row: Row, today: DayMs): (Claim & { readonly source: string }) | undefined => {
  let best: (Claim & { source: string }) | undefined;
  if (row.ownClaim !== undefined && row.ownClaim.status !== null) {
    best = { ...row.ownClaim, status: row.ownClaim.status, priority: OWN_PRIORITY, source: OWN_SOURCE };
    if (best.status === 'invisible') return best;
  }
  for (const [source, claim] of row.claims) {
    if (claim.from !== undefined && claim.from > today) continue;
    const wins =
      best === undefined ||
      claim.priority > best.priority ||
      (claim.priority === best.priority &&
        (claim.stamp > best.stamp || (claim.stamp === best.stamp && source > best.source)));
    if (wins) best = { ...claim, source };
  }
  return best;
};

/** Kinds alive, and in a grace those it had. */
export const devicesOf = (row: Row): DeviceMask => {
  let mask = 0;
  for (const holding of row.nodes.values()) mask |= holding.devices;
  for (const session of row.sessions.values()) mask |= session.devices;
  if (row.grace !== undefined && isInGrace(row)) mask |= row.grace.devices;
  return mask;
};

/**
 * Kinds in use: those that count in {@link activeUntil}.
 * @param idleAwayMs - 0: no user is ever idle for being silent.
 */
export const inUse = (row: Row, now: StoreMs, idleAwayMs: number): DeviceMask => {
  const last = lastActive(row);
  const isActive = (act: number): boolean => idleAwayMs === 0 || act + idleAwayMs > now;
  let mask = 0;
  for (const holding of row.nodes.values()) {
    if (holding.stance === 'inheritedIdle') continue;
    if (holding.stance === 'own' || isActive(Math.min(holding.openedAt, last))) mask |= devicesInUse(holding);
  }
  for (const session of row.sessions.values()) if (isActive(session.activeAt)) mask |= devicesInUse(session);
  if (row.grace !== undefined && isInGrace(row) && isActive(last)) mask |= devicesInUse(row.grace);
  return mask;
};
