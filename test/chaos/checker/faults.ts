import type { FaultRecord } from '../history/history.ts';
import type { Bounds } from '../timings.ts';
import { type Interval, overlaps, united } from './interval.ts';

/** A grace waits for writes that are late, but not longer, ms. */
const MAX_LAG_MS = 5_000;
/** After a link that was down, for those of others as well, ms. */
const OTHERS_LATER_MS = 1_000;

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
            ? Math.min(fault.to - fault.from + OTHERS_LATER_MS, MAX_LAG_MS)
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
    return heartbeatTtlMs - heartbeatIntervalMs - 300;
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
}
