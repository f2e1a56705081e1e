import type { ConnectionRecord, FaultRecord, WatcherRecord } from '../history/history.ts';
import type { Bounds } from '../timings.ts';
import type { Case } from './case.ts';
import { type Interval, overlaps, united } from './interval.ts';
import type { Presence } from './presence.ts';

/**
 * Everything the checker lets pass that is not the plain truth stands in this file: how much later, by which fault, and
 * who cannot be known to anybody. A rule outside of it may only ask. What is allowed here may shrink; where it would have
 * to grow, the service is wrong until somebody has shown that it is not (`test/unit/chaos/allowances.test.ts` pins it).
 */
export const ALLOWED = {
  /** What a loaded machine may add to any promise. */
  slackMs: 1_000,
  /** What is under way goes first, before a change is written. */
  gatherMs: 50,
  /** Another node takes over the partitions of one that fell silent, in heartbeats. */
  takeoverBeats: 3,
  /** How far a client and its server may differ about a moment. */
  blurMs: 150,
  /** How far the moments of a decision and of what a client knows may be apart. */
  decisionBlurMs: 100,
  /** A grace waits for writes that are late, but not longer. */
  maxLagMs: 5_000,
  /** After a link that was down, for those of others as well. */
  othersLaterMs: 1_000,
  /** A silence shorter than the lease by a heartbeat and this is never taken for death. */
  patienceMs: 300,
  /** How long after a welcome without `self` a fault of the node may still keep it from the store. */
  unstoredMs: 1_000,
  /** A claim so short before a loss may not have been written. */
  freshClaimMs: 1_000,
  /** What was decided so shortly before a loss may have been lost before any reader saw it. */
  unseenMs: 2_000,
  /** How far apart the death of a process and the reset its clients see may be. */
  resetMs: 2_500,
  /** Resident memory of a node of this size with these clients: far above what it needs, far below a leak. */
  memoryBytes: 400e6,
} as const;

/**
 * How long after its end a fault may still be the reason of something late, ms: lag is told within two heartbeats, and a
 * store that was away holds still until everybody was heard.
 */
const tail = ({ scope }: FaultRecord, { rejoin, gather, heal }: Bounds): number =>
  scope === 'store' ? heal : rejoin + gather;

/** What the faults of a run excuse. They excuse lateness, by exactly what the promises allow, and nothing else. */
export class Faults {
  readonly list: readonly FaultRecord[];
  readonly #bounds: Bounds;

  constructor(list: readonly FaultRecord[], bounds: Bounds) {
    this.list = list;
    this.#bounds = bounds;
  }

  get losses(): number[] {
    return this.list.flatMap(({ lostAt }) => (lostAt === undefined ? [] : [lostAt]));
  }

  /**
   * Until when something that began at `start` and takes `base` ms in peace may take.
   * @param slots - nodes it depends on.
   * @param isGrace - the end of a grace: it waits as long as a node is late in writing what it knows.
   */
  deadline(start: number, base: number, slots: ReadonlySet<number>, isGrace = false): number {
    const { slack } = this.#bounds;
    let end = start + base + slack;
    for (let moved = true; moved; ) {
      moved = false;
      for (const fault of this.list) {
        if (fault.from > end || fault.to + tail(fault, this.#bounds) < start) continue;
        const lag =
          isGrace && fault.scope === 'node'
            ? Math.min(fault.to - fault.from + ALLOWED.othersLaterMs, ALLOWED.maxLagMs)
            : 0;
        const excused = this.#excuse(fault, start, base, slots) + slack + lag;
        if (excused <= end) continue;
        end = excused;
        moved = true;
      }
    }
    return end;
  }

  #excuse(fault: FaultRecord, start: number, base: number, slots: ReadonlySet<number>): number {
    const { heal, b, delivery, takeover } = this.#bounds;
    const isOurs = fault.slots.some((slot) => slots.has(slot));
    switch (fault.scope) {
      // Within so long of the store answering again every status is the truth (G5), told (G7).
      case 'store':
        return fault.to + heal + delivery;
      case 'node':
        // A dead node's connections are cleared within B (G3); whoever looked after a partition is stood in for.
        if (isOurs) return Math.max(fault.to, fault.lateAt ?? 0) + b + delivery;
        return start + base + takeover;
      case 'death':
        if (isOurs) return Math.max(fault.from, fault.lateAt ?? 0) + b + takeover;
        return start + base + takeover;
      case 'restart':
        return start + base + takeover;
      case 'feed':
        return start + base + delivery;
      case 'none':
        return 0;
    }
  }

  /** When a node that died has certainly been fenced: a partition that holds still clears nobody. */
  clearedBy(death: number): number {
    const { heartbeatTtlMs: ttl, reapIntervalMs } = this.#bounds;
    const end = death + ttl + 2 * reapIntervalMs;
    const held = this.list.filter(
      ({ scope, from, to }) => scope === 'store' && from < end && to + ttl > death,
    );
    return Math.max(end, ...held.map(({ to }) => to + 2 * ttl + 2 * reapIntervalMs));
  }

  /** When a node is away from the store, or asleep, so long that it may be taken for dead. */
  away(slot: number): Interval[] {
    const { rejoin, delivery, slack } = this.#bounds;
    const own = this.list.filter((fault) => fault.scope === 'node' && fault.slots.includes(slot));
    const store = this.list.filter((fault) => fault.scope === 'store');
    // While it was away the store may have been too: one silence, seen from the lease.
    const touching = united([...own, ...store], 2 * rejoin).filter((stretch) =>
      own.some((fault) => fault.from < stretch.to && stretch.from <= fault.to),
    );
    return touching
      .filter(({ from, to }) => to - from > this.patience)
      .map(({ from, to }) => ({ from: from + this.patience, to: to + rejoin + delivery + slack }));
  }

  /** A silence up to this is never taken for death: the lease was renewed at most one heartbeat before it. */
  get patience(): number {
    const { heartbeatTtlMs, heartbeatIntervalMs } = this.#bounds;
    return heartbeatTtlMs - heartbeatIntervalMs - ALLOWED.patienceMs;
  }

  /** What kept the word of a node from the store in some of this time: it came when that was over. */
  delaying(slot: number, stretch: Interval): FaultRecord[] {
    const store = this.list.filter((fault) => fault.scope === 'store' && overlaps(fault, stretch));
    return [...store, ...this.touched(slot, stretch)];
  }

  /** The node was stopped or cut in some of this time. */
  touched(slot: number, { from, to }: Interval): FaultRecord[] {
    return this.list.filter(
      (fault) =>
        fault.scope === 'node' &&
        fault.slots.includes(slot) &&
        fault.from < to &&
        from < fault.to + this.#bounds.slack,
    );
  }

  /** When the store certainly has a connection: at its welcome, or, where that did not wait, when its node can write. */
  storedBy({ slot, dialAt, isStored }: ConnectionRecord, welcomeAt: number): number {
    if (isStored === true) return welcomeAt;
    const { rejoin, slack } = this.#bounds;
    const kept = this.touched(slot, { from: dialAt, to: welcomeAt + ALLOWED.unstoredMs });
    return Math.max(welcomeAt, ...kept.map(({ to }) => to + rejoin + slack));
  }

  /** Until when a connection may count that its server must have noticed gone at `to`, were nothing in its way. */
  countsUntil({ slot, dialAt }: ConnectionRecord, to: number): number {
    const { heartbeatTtlMs, reapIntervalMs, gather } = this.#bounds;
    const { blurMs } = ALLOWED;
    let last = to;
    for (const fault of this.delaying(slot, { from: dialAt, to: to + blurMs })) {
      // A lease keeps what a late batch of a dead node says.
      const fenced = fault.from + heartbeatTtlMs + 2 * reapIntervalMs;
      last = Math.max(last, fault.lateAt === undefined ? fault.to : Math.min(fault.lateAt, fenced));
    }
    return last + blurMs + gather;
  }

  /** For who knows, a node that is away may have died when it fell silent: grace runs from there (SPEC, leaving). */
  silentFor(slot: number, moment: number): number {
    const { blurMs } = ALLOWED;
    const faults = this.touched(slot, { from: moment - blurMs, to: moment + blurMs });
    return moment - Math.min(moment, ...faults.map(({ from }) => from));
  }

  /** Some Redis has a clock of its own: what its log says of the time of day means nothing. */
  get hasOddClocks(): boolean {
    return this.list.some(({ kind }) => kind.includes('clock-behind'));
  }

  /** Data may have been lost between two moments, or shortly before: it takes a while until all is told again. */
  lostBetween(from: number, to: number): boolean {
    const { heal, delivery, slack } = this.#bounds;
    return this.list.some(
      ({ lostAt, to: until }) =>
        lostAt !== undefined && lostAt <= to && until + heal + delivery + slack >= from,
    );
  }

  /** From when on a watcher owes its user what everybody is owed since `from`. */
  dueFor({ slot, silences, readyAt = 0 }: WatcherRecord, from: number): number {
    const { delivery, rejoin, slack } = this.#bounds;
    let due = readyAt > from ? readyAt + delivery + slack : from;
    const away = this.list.filter((fault) => fault.scope === 'node' && fault.slots.includes(slot));
    for (const { from: begun, to } of [...silences, ...away].sort((a, b) => a.from - b.from))
      if (begun <= due && from <= to + delivery) due = Math.max(due, to + rejoin + delivery + slack);
    return due;
  }

  /**
   * What a store lost before the reader of the log came by can only be told for a moment longer, or by a node that was
   * away, once that is back.
   */
  maySeeLost(at: number, slot: number | undefined): boolean {
    const { unseenMs } = ALLOWED;
    return this.list.some(({ lostAt, to }) => {
      if (lostAt === undefined || at <= lostAt - unseenMs) return false;
      const backAt = this.list
        .filter((fault) => fault.scope === 'node' && slot !== undefined && fault.slots.includes(slot))
        .filter(({ from, to: back }) => from <= to + unseenMs && back >= to)
        .map(({ to: back }) => back);
      return at < Math.max(to, ...backAt) + unseenMs;
    });
  }

  /** When a transition was decided is known to this share of an interval; one is given as a whole. */
  dampingBlur(intervalMs: number): number {
    return ALLOWED.decisionBlurMs / intervalMs;
  }

  /** How long after a welcome, or after writes were refused, nodes may not know that they cannot write, ms. */
  get unwritten(): number {
    return this.#bounds.rejoin + this.#bounds.slack;
  }

  /** For how long after its welcome the store, or whoever reads it, may not know of a connection, ms. */
  unknownFor({ isStored }: ConnectionRecord): number {
    return isStored === true ? ALLOWED.blurMs : this.unwritten;
  }

  get blur(): number {
    return ALLOWED.blurMs;
  }

  /**
   * The node of this connection was stopped, cut off or kept waiting itself, so that others may take it for dead, and may
   * still do so until all has been told again.
   */
  mayBeForgotten({ slot, dialAt }: ConnectionRecord, moment: number): boolean {
    const { heal, delivery, slack } = this.#bounds;
    return this.list.some(
      (fault) =>
        (fault.scope === 'node' || fault.kind.startsWith('machine')) &&
        (fault.slots.length === 0 || fault.slots.includes(slot)) &&
        fault.from < moment &&
        Math.max(fault.to, fault.lateAt ?? 0) + heal + delivery + slack > dialAt &&
        Math.max(fault.to, fault.lateAt ?? 0) + heal + delivery + slack > moment,
    );
  }

  /** A node died, or left as it was asked to: then a connection to it may end like this. */
  explainsEnd({ slot, end }: ConnectionRecord): boolean {
    if (end === undefined || !['server', 'lost', 'drain'].includes(end.how)) return true;
    const scopes = end.how === 'lost' ? ['death', 'restart'] : end.how === 'drain' ? ['restart'] : [];
    const { resetMs } = ALLOWED;
    return this.list.some(
      (fault) =>
        scopes.includes(fault.scope) &&
        fault.slots.includes(slot) &&
        fault.from - resetMs < end.at &&
        end.at < fault.to + resetMs,
    );
  }
}

/** Who arrived then was welcomed without the store knowing of it. */
export const isUnstored = (person: Presence, moment: number): boolean =>
  person.connections.some(
    ({ welcomeAt, isStored }) =>
      welcomeAt !== undefined && Math.abs(welcomeAt - moment) < 1 && isStored !== true,
  );

/**
 * The store lost what it knew, and every node that had known this user before has died as well, or was silent from before
 * the loss for longer than anybody waits for it: that they were there all along nobody can say, and coming back is a
 * transition again.
 */
export const nobodyKnew = (run: Case, person: Presence, moment: number): boolean => {
  const { heal, delivery, slack, offlineGraceMs, heartbeatTtlMs } = run.bounds;
  const deaths = run.faults.list.filter(({ scope }) => scope === 'death' || scope === 'restart');
  const away = run.faults.list.filter(({ scope }) => scope === 'node');
  return run.faults.list.some(({ lostAt, to }) => {
    if (lostAt === undefined || moment < lostAt || moment > to + heal + delivery + slack) return false;
    const silent = away.filter(
      ({ from, to: back }) =>
        from <= lostAt + ALLOWED.decisionBlurMs &&
        back >= moment - ALLOWED.decisionBlurMs &&
        moment - from > heartbeatTtlMs - ALLOWED.decisionBlurMs,
    );
    const knowing = person.connections.filter(
      ({ welcomeAt, isStored, end, slot, dialAt }) =>
        welcomeAt !== undefined &&
        welcomeAt < lostAt &&
        isStored === true &&
        // A node remembers who has left as long as their grace may count, and no goodbye.
        (end === undefined || (end.how !== 'bye' && end.at > lostAt - offlineGraceMs - heartbeatTtlMs)) &&
        !deaths.some((death) => death.slots.includes(slot) && dialAt < death.to && death.from < moment) &&
        !silent.some((silence) => silence.slots.includes(slot)),
    );
    return knowing.length === 0;
  });
};
