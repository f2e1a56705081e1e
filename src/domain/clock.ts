/**
 * Clocks that must never be compared with each other. A plain number can become any of them; only the functions here
 * convert one into another.
 */
type Of<Clock extends string> = number & { readonly clock?: Clock };

/**
 * A moment of a partition's hybrid clock, µs: versions, log ids and stamps. It orders events and is not the time:
 * what nodes have seen, and several moments in one microsecond, put it ahead.
 */
export type HybridMicros = Of<'order'>;

/**
 * A moment of the store's time, ms: graces, leases, idle limits and activity. It runs as fast as the time of day of
 * the store, and continues where that went back, as after a failover to another machine.
 */
export type StoreMs = Of<'time'>;
/** The same in µs. */
export type StoreMicros = Of<'time in µs'>;

/** A moment of the time of day of the store, ms: ends that people set, times in tokens, and times shown to people. */
export type DayMs = Of<'time of day'>;

/**
 * The hybrid clock of one partition: never behind the time of day, never behind any value it allotted or received, so
 * that versions rise strictly even when the time of day goes back. While it is ahead it advances only by what it
 * allots, until the time of day catches up with it.
 */
export class HybridClock {
  #last: HybridMicros = 0;
  readonly #micros: () => number;

  /** @param micros - time of day in µs since the epoch. */
  constructor(micros: () => number) {
    this.#micros = micros;
  }

  /** The current moment; also raises the clock to it. */
  now(): HybridMicros {
    this.#last = Math.max(this.#last, this.#micros());
    return this.#last;
  }

  /** A moment never given before: the `ver` and log id of one transition. */
  next(): HybridMicros {
    this.#last = this.now() + 1;
    return this.#last;
  }

  raise(seen: HybridMicros): void {
    this.#last = Math.max(this.#last, seen);
  }
}

export const toMs = (micros: StoreMicros): StoreMs => Math.floor(micros / 1000);

/** The earliest and the latest moment at which a stamp can have been given, as far as can be known at `now`. */
export const stampedAt = (stamp: HybridMicros, now: StoreMs): StoreMs =>
  Math.min(Math.floor(stamp / 1000), now);
