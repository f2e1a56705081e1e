import { absorb, loseNode, mergeOwnClaim, type Report } from '../../../src/domain/absorb.ts';
import { HybridClock } from '../../../src/domain/clock.ts';
import { deviceMask } from '../../../src/domain/devices.ts';
import { before, type Circumstances, evaluate, isForgettable, show } from '../../../src/domain/evaluate.ts';
import type {
  Adornment,
  Claim,
  ClaimStatus,
  Policy,
  Reason,
  Status,
  View,
} from '../../../src/domain/model.ts';
import { newerProfile, profileOf, type TokenProfile } from '../../../src/domain/profile.ts';
import { emptyRow, type Row } from '../../../src/domain/row.ts';
import { endSession } from '../../../src/domain/sessions.ts';
import { viewOf } from '../../../src/domain/show.ts';

/** When every story begins, ms. */
export const START = Date.UTC(2026, 0, 1);
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
/** DRAIN_GRACE_MS */
export const DRAIN_GRACE = 15 * SECOND;
export const DAY = 24 * 60 * MINUTE;
/** The defaults of the settings. */
export const POLICY: Policy = {
  idleAwayMs: 5 * MINUTE,
  idleOfflineMs: 30 * MINUTE,
  graceMs: 5 * SECOND,
  retentionMs: 30 * DAY,
  revocationMs: 30 * DAY,
};

/** A report, and what a token says beside it. */
export type Said = Partial<Report> & Partial<TokenProfile>;

export const report = ({ name, groups, iat = 0, ...over }: Said = {}): Report => ({
  count: 1,
  activeAt: START,
  idle: false,
  openedAt: START,
  closedAt: 0,
  graceMs: POLICY.graceMs,
  devices: deviceMask(['web']),
  profile: profileOf({ name, groups, iat }),
  ...over,
});

type Session = Row['sessions'] extends Map<string, infer S> ? S : never;

/** What others were told. */
export interface Told {
  readonly status: Status;
  readonly reason: Reason;
  /** ms after {@link START}. */
  readonly at: number;
  readonly ver: number;
  readonly view: View;
}

/**
 * One user and the time: nodes tell of connections, time passes and deadlines are met exactly when they fall due, as
 * by a sweeper that is never late. What others are told is kept in `told`.
 */
export class Someone {
  row: Row = emptyRow();
  now = START;
  holdUntil = 0;
  gathering = false;
  lagMs = 0;
  lagUntil = Number.POSITIVE_INFINITY;
  /** The row was not worth keeping any more. */
  forgotten = false;
  readonly told: Told[] = [];
  readonly policy: Policy;
  readonly clock = new HybridClock(() => this.now * 1000);
  readonly #said = new Map<string, Report>();

  constructor(policy: Partial<Policy> = {}) {
    this.policy = { ...POLICY, ...policy };
  }

  get status(): Status {
    return this.row.status;
  }

  get view(): View {
    return viewOf('ann', this.row, 'exact');
  }

  /** Status and reason of every transition, in order. */
  get story(): string[] {
    return this.told.map(({ status, reason }) => `${status} ${reason}`);
  }

  /** Forgets what was told so far, so that a test may speak of what comes next. */
  get andThen(): this {
    this.told.length = 0;
    return this;
  }

  /** One more connection on a node; a silent one says nothing of activity. */
  opens(node: string, { silent = false, ...over }: Said & { silent?: boolean } = {}): this {
    const said = this.#said.get(node);
    return this.tells(node, {
      count: (said?.count ?? 0) + 1,
      openedAt: this.now,
      activeAt: silent ? (said?.activeAt ?? 0) : this.now,
      idle: silent && (said?.idle ?? false),
      ...over,
    });
  }

  holds(node: string): boolean {
    return this.#said.has(node);
  }

  /** One connection goes without a goodbye. */
  closes(node: string, over: Said = {}): this {
    const count = Math.max(0, (this.#said.get(node)?.count ?? 0) - 1);
    return this.tells(node, { count, closedAt: this.now, ...over });
  }

  /** One connection says goodbye. */
  leaves(node: string): this {
    return this.tells(node, { count: Math.max(0, (this.#said.get(node)?.count ?? 0) - 1) });
  }

  /** Everything alive of them says goodbye in one moment. */
  saysGoodbye(): this {
    const was = before(this.row);
    for (const id of [...this.row.sessions.keys()]) endSession(this.row, id);
    for (const [node, said] of this.#said) {
      absorb(this.row, node, { ...said, count: 0, closedAt: 0 }, this.now, this.policy.idleAwayMs);
    }
    this.#said.clear();
    return this.#settle({ before: was, deliberate: 'goodbye' });
  }

  /** Every node with connections in use tells of activity now. */
  usesAll(): this {
    for (const [node, { idle }] of [...this.#said]) if (!idle) this.uses(node);
    return this;
  }

  uses(node: string): this {
    return this.tells(node, { activeAt: this.now, idle: false });
  }

  /** Every connection of a node reported idle, or was silent for too long. */
  idles(node: string): this {
    return this.tells(node, { idle: true });
  }

  /** A node's newest word: what it said before with some of it changed. */
  tells(node: string, { name, groups, iat = 0, ...over }: Said): this {
    const known = this.#said.get(node) ?? report({ count: 0, activeAt: 0, openedAt: 0 });
    const profile = newerProfile(known.profile, profileOf({ name, groups, iat }));
    const said = { ...known, profile, ...over };
    if (said.count > 0) this.#said.set(node, said);
    else this.#said.delete(node);
    return this.hears(node, said);
  }

  /** A report exactly as given, for instance late or twice. */
  hears(node: string, said: Report): this {
    const was = before(this.row);
    if (said.known) this.clock.raise(said.known.ver);
    const { restored, claimed } = absorb(this.row, node, said, this.now, this.policy.idleAwayMs);
    return this.#settle({ before: was, deliberate: claimed ? 'claim' : undefined, repair: restored });
  }

  claims(status: ClaimStatus | null, shown: Adornment = {}, stamp = this.now * 1000): this {
    const was = before(this.row);
    const claimed = mergeOwnClaim(this.row, { status, stamp, ...shown });
    return this.#settle({ before: was, deliberate: claimed ? 'claim' : undefined });
  }

  /** A service's claim, or (undefined) its withdrawal. */
  isSaidToBe(source: string, claim: (Partial<Claim> & Pick<Claim, 'status'>) | undefined): this {
    const was = before(this.row);
    if (claim === undefined) this.row.claims.delete(source);
    else this.row.claims.set(source, { priority: 50, stamp: this.now * 1000, ...claim });
    return this.#settle({ before: was });
  }

  session(id: string, session: Partial<Session> = {}): this {
    const was = before(this.row);
    const expiresAt = this.now + MINUTE;
    this.row.sessions.set(id, {
      expiresAt,
      activeAt: this.now,
      idle: false,
      devices: deviceMask(['api']),
      ...session,
    });
    return this.#settle({ before: was });
  }

  /** A node is reaped now; it last beat `silentMs` ago. */
  loses(node: string, silentMs: number, intervalMs = 2 * SECOND): this {
    const was = before(this.row);
    const lastBeat = this.now - silentMs;
    this.#said.delete(node);
    loseNode(this.row, node, lastBeat, Math.min(lastBeat + intervalMs, this.now), this.policy.graceMs);
    return this.#settle({ before: was });
  }

  /** Time passes; every deadline on the way is met at its moment. */
  waits(ms: number): this {
    const end = this.now + ms;
    while (this.row.nextDeadline > 0 && this.row.nextDeadline <= end) {
      this.now = Math.max(this.now, this.row.nextDeadline);
      this.isSwept();
    }
    this.now = end;
    return this;
  }

  /** What a sweep does with a user who is due: looks again, and drops a row that is not worth keeping. */
  isSwept(): this {
    this.looksAgain();
    if (!isForgettable(this.row, this.policy, this.now, this.now)) return this;
    this.row = emptyRow();
    this.forgotten = true;
    return this;
  }

  /** Evaluates without any change but the time. */
  looksAgain(): this {
    return this.#settle({ before: before(this.row) });
  }

  #settle(how: Pick<Circumstances, 'before'> & Partial<Circumstances>): this {
    const change = evaluate(this.row, {
      now: this.now,
      today: this.now,
      policy: this.policy,
      holdUntil: this.holdUntil,
      gathering: this.gathering,
      lagMs: this.lagMs,
      lagUntil: this.lagUntil,
      deliberate: undefined,
      repair: false,
      ...how,
    });
    if (!change) return this;
    const ver = this.clock.next();
    show(this.row, change, ver, { now: this.now, today: this.now, policy: this.policy });
    const at = this.now - START;
    this.told.push({ status: this.row.status, reason: change.reason, at, ver, view: this.view });
    return this;
  }
}

export const someone = (policy: Partial<Policy> = {}): Someone => new Someone(policy);
