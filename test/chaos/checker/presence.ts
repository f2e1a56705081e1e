import type {
  ClaimRecord,
  ClaimStatus,
  ConnectionRecord,
  Ending,
  History,
  Status,
} from '../history/history.ts';
import type { Bounds } from '../timings.ts';
import { ALLOWED, type Faults } from './allowances.ts';
import { type Interval, united, without } from './interval.ts';

/** A stretch in which a status is owed to everybody. */
export interface Owed extends Interval {
  readonly allowed: ReadonlySet<Status>;
  readonly why: string;
}

const BLUR = ALLOWED.blurMs;
const ENDS_AT_ONCE: ReadonlySet<Ending> = new Set(['bye']);

/** What the truth about one user is, as far as their clients can know it: in intervals, because some of it is in doubt. */
export class Presence {
  readonly user: string;
  readonly connections: readonly ConnectionRecord[];
  readonly claims: readonly ClaimRecord[];
  /** Some connection was certainly there: nobody may show this user absent, late news aside. */
  readonly solid: readonly Interval[];
  /** The same, and reconnects inside the grace in between: no transition may happen at all. */
  readonly stays: readonly Interval[];
  /** Some connection may have been there. Outside of it nothing may make this user appear. */
  readonly possible: readonly Interval[];
  /** Until when each connection may have counted. */
  readonly #lasted: readonly number[];
  readonly #bounds: Bounds;
  readonly #faults: Faults;
  readonly #end: number;

  constructor(user: string, history: History, faults: Faults, bounds: Bounds) {
    this.user = user;
    this.#bounds = bounds;
    this.#faults = faults;
    this.#end = history.endedAt;
    this.connections = history.connections.filter((connection) => connection.user === user);
    this.claims = history.claims.filter((claim) => claim.user === user);
    const pieces = this.connections.map((connection) => ({ connection, solid: this.#solid(connection) }));
    this.solid = united(pieces.flatMap(({ solid }) => solid));
    this.stays = this.#joined(pieces);
    const possible = this.connections.map((connection) => this.#possible(connection));
    this.#lasted = possible.map(({ to }) => to);
    this.possible = united(possible);
  }

  /** From the welcome (the store has it by then, or will before anybody may notice) until the client leaves. */
  #solid(connection: ConnectionRecord): Interval[] {
    const { welcomeAt, end, slot } = connection;
    if (welcomeAt === undefined) return [];
    const from = this.#faults.storedBy(connection, welcomeAt);
    const to = end === undefined ? this.#end : end.at - (isServerSide(end.how) ? BLUR : 0);
    return without([{ from, to }], this.#faults.away(slot));
  }

  /** From the dialling until the server must have noticed the end. */
  #possible(connection: ConnectionRecord): Interval {
    const { dialAt, end } = connection;
    if (end === undefined) return { from: dialAt - BLUR, to: this.#end };
    let to = end.at + (end.how === 'half-open' ? this.#bounds.deaf : 0);
    // Those of a dead node count for everybody until its lease is over and somebody has cleared them.
    if (end.how === 'lost') to = this.#faults.clearedBy(end.at);
    return { from: dialAt - BLUR, to: this.#faults.countsUntil(connection, to) };
  }

  /** Solid stretches whose gap was inside the grace of the close before it are one stay; a goodbye has no grace. */
  #joined(pieces: readonly { connection: ConnectionRecord; solid: readonly Interval[] }[]): Interval[] {
    const stays: { from: number; to: number }[] = [];
    for (const stretch of this.solid) {
      const last = stays.at(-1);
      if (last !== undefined && stretch.from - last.to < this.#graceAfter(last.to, pieces))
        last.to = stretch.to;
      else stays.push({ ...stretch });
    }
    return stays;
  }

  #graceAfter(
    moment: number,
    pieces: readonly { connection: ConnectionRecord; solid: readonly Interval[] }[],
  ): number {
    const { offlineGraceMs, drainGraceMs } = this.#bounds;
    const ended = pieces.filter(({ solid }) => solid.some(({ to }) => Math.abs(to - moment) < 1));
    const endings = ended.map(({ connection }) => connection.end);
    // A hole of a node that was away is no close: what was there may be shown as gone until it is back.
    if (endings.some((end) => end === undefined || ENDS_AT_ONCE.has(end.how) || end.at - moment > BLUR + 1))
      return 0;
    const isDrained = endings.every((end) => end?.how === 'drain');
    const silent = ended.map(({ connection: { slot } }) => this.#faults.silentFor(slot, moment));
    return (isDrained ? drainGraceMs : offlineGraceMs) - BLUR - Math.max(0, ...silent);
  }

  /** Every status the own claim may have brought about in some of this time. */
  claimed({ from, to }: Interval): Set<ClaimStatus> {
    let now = new Set<ClaimStatus>([null]);
    const ever = new Set<ClaimStatus>([null]);
    const events = [
      ...this.claims.map((claim) => ({ at: claim.at, claim })),
      ...this.#faults.losses.map((at) => ({ at, claim: undefined })),
    ].sort((a, b) => a.at - b.at);
    let seen = new Set<ClaimStatus>();
    let held: ClaimRecord | undefined;
    for (const { at, claim } of events) {
      if (at > to) break;
      // What was true up to the start of the question, and what came to be true within it.
      if (at > from || this.claimSettles(claim) > from) for (const status of now) seen.add(status);
      if (claim === undefined) {
        // Who set it is connected where it was set: that node knows. Else only the store may have known.
        if (held !== undefined && this.#isHeld(held, at)) continue;
        now = new Set([...now, ...ever]);
        continue;
      }
      ever.add(claim.status);
      held = claim;
      now = claim.ackAt === undefined ? new Set([...now, claim.status]) : new Set([claim.status]);
    }
    seen = new Set([...seen, ...now]);
    return seen;
  }

  /** When a claim has certainly taken effect everywhere, told included. */
  claimSettles(claim: ClaimRecord | undefined): number {
    if (claim === undefined) return 0;
    const { gather } = this.#bounds;
    return this.#faults.deadline(claim.ackAt ?? claim.at, gather, this.slotsOf(claim.at));
  }

  #isHeld(claim: ClaimRecord, at: number): boolean {
    const connection = this.connections.find(({ id }) => id === claim.connection);
    return (
      connection !== undefined &&
      this.#solid(connection).some(({ from, to }) => from <= claim.at && at < to - ALLOWED.freshClaimMs)
    );
  }

  /** Nodes this user was connected to around a moment. */
  slotsOf(moment: number): Set<number> {
    const near = this.connections.filter(
      ({ dialAt, end }) => dialAt <= moment + BLUR && (end?.at ?? this.#end) >= moment - 2 * this.#bounds.b,
    );
    return new Set(near.map(({ slot }) => slot));
  }

  /** What everybody has to be shown, and from when on. */
  owed(): Owed[] {
    return [...this.#owedPresence(), ...this.#owedAbsence()].sort((a, b) => a.from - b.from);
  }

  #owedPresence(): Owed[] {
    const { gather } = this.#bounds;
    return this.solid.flatMap(({ from, to }) => {
      const due = this.#faults.deadline(from, gather, this.slotsOf(from));
      // Claims change what is owed: pieces between them, each with all that may be true there.
      const cuts = [due, ...this.claims.flatMap((claim) => [claim.at, this.claimSettles(claim)]), to]
        .concat(this.#faults.losses)
        .filter((cut) => cut >= due && cut <= to)
        .sort((a, b) => a - b);
      return cuts.slice(0, -1).flatMap((cut, i): Owed[] => {
        const next = cuts[i + 1] ?? cut;
        if (next - cut < 1) return [];
        const allowed = new Set([...this.claimed({ from: cut, to: next })].map(shownAs));
        return [{ from: cut, to: next, allowed, why: 'is connected' }];
      });
    });
  }

  #owedAbsence(): Owed[] {
    const owed: Owed[] = [];
    let from = 0;
    for (const { from: next, to } of [...this.possible, { from: this.#end, to: this.#end }]) {
      const due = from === 0 ? 0 : this.#goneBy(from);
      if (next > due)
        owed.push({ from: due, to: next, allowed: new Set(['offline']), why: 'is not connected' });
      from = to;
    }
    return owed;
  }

  /** When the end of everything that was there until `moment` must have been told. */
  #goneBy(moment: number): number {
    const { offlineGraceMs, drainGraceMs, reapIntervalMs, deaf, b, gather } = this.#bounds;
    const since = moment - 2 * b - drainGraceMs;
    const recent = this.connections.filter(({ end }, i) => {
      const to = this.#lasted[i] ?? 0;
      return end !== undefined && to <= moment && to > since;
    });
    let due = 0;
    for (const { end, slot } of recent) {
      if (end === undefined) continue;
      const close = offlineGraceMs + 2 * reapIntervalMs;
      const wait: Record<Ending, number> = {
        bye: 1_000,
        close,
        terminate: close,
        'half-open': deaf + close,
        drain: drainGraceMs + 2 * reapIntervalMs,
        lost: b,
        'gave-up': close,
        server: close,
      };
      due = Math.max(
        due,
        this.#faults.deadline(end.at, wait[end.how] + gather, new Set([slot]), end.how !== 'bye'),
      );
    }
    // One that was heard only when a fault had passed has a grace of its own from there.
    const isHeardLate = recent.some(
      ({ end }) => end !== undefined && moment - end.at > 3 * BLUR + gather + deaf,
    );
    if (isHeardLate)
      due = Math.max(
        due,
        this.#faults.deadline(moment, offlineGraceMs + 2 * reapIntervalMs, new Set(), true),
      );
    return Math.max(due, moment);
  }
}

const isServerSide = (how: Ending): boolean => how === 'lost' || how === 'drain' || how === 'server';

const shownAs = (claim: ClaimStatus): Status => {
  if (claim === null) return 'online';
  return claim === 'invisible' ? 'offline' : claim;
};
