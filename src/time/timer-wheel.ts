/** Something with a deadline. A connection has one item for all its deadlines: the wheel only ever needs the next. */
export interface WheelItem {
  /** Belongs to the wheel: the slot in which the item is looked at next, 0 for none. */
  slot: number;
  /**
   * The item's time may have come, or it is only looked at on the way.
   *
   * @param now - running time, ms; see {@link TimerWheel.now}.
   * @returns the next deadline, or `undefined` when there is none any more.
   */
  check(now: number): number | undefined;
}

export interface TimerWheelOptions {
  /** Monotonic clock, ms. */
  readonly monotonic: () => number;
  /** How exact deadlines are, ms: an item is looked at up to this long after its time. */
  readonly tickMs?: number;
  /** An item threw: it is looked at again a second later, and the others as if nothing had happened. */
  readonly onError: (error: unknown) => void;
}

/** A power of two; times 100 ms about 51 s, so that a connection is looked at a little more often than it is pinged. */
const SLOTS = 512;

/** After this long an item that threw is looked at again. */
const RETRY_MS = 1000;

/** Later than this the process was not running: stopped, swapped out, or its machine asleep. */
const STALL_MS = 1000;

/**
 * The deadlines of all connections of a node on one interval timer. Moving a deadline away costs nothing: an item
 * that comes up too early says so and is put further on.
 */
export class TimerWheel {
  readonly #monotonic: () => number;
  readonly #tickMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #slots: readonly Set<WheelItem>[] = Array.from({ length: SLOTS }, () => new Set());
  /** The last slot that was looked at. Slots are numbered from 1 for ever; the ring holds them modulo its length. */
  #current: number;
  #advancedAt: number;
  #stalledMs = 0;
  #interval: NodeJS.Timeout | undefined;

  constructor({ monotonic, tickMs = 100, onError }: TimerWheelOptions) {
    this.#monotonic = monotonic;
    this.#onError = onError;
    this.#tickMs = tickMs;
    this.#advancedAt = monotonic();
    this.#current = this.#slotAt(this.#advancedAt);
  }

  /**
   * Running time, ms: the monotonic clock without the time in which this process did not run. Waits for a peer are
   * measured in this time, because what the peer sent meanwhile is still unread in the kernel.
   */
  get now(): number {
    return this.#monotonic() - this.#stalledMs;
  }

  start(): void {
    if (this.#interval !== undefined) return;
    this.#advancedAt = this.#monotonic();
    this.#interval = setInterval(() => this.advance(), this.#tickMs);
    this.#interval.unref();
  }

  stop(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
  }

  /** Makes sure that the item is looked at when the deadline has come, or before. */
  schedule(item: WheelItem, deadline: number): void {
    // The first slot that begins at the deadline or after it; not beyond the ring, and not the one being looked at.
    const wanted = Math.ceil(deadline / this.#tickMs) + 1;
    const slot = Math.max(this.#current + 1, Math.min(wanted, this.#current + SLOTS - 1));
    if (item.slot !== 0 && item.slot <= slot) return;
    this.cancel(item);
    item.slot = slot;
    this.#slots[slot % SLOTS]?.add(item);
  }

  /** Lets go of an item: a closed connection would else stay in memory until its turn came. */
  cancel(item: WheelItem): void {
    if (item.slot !== 0) this.#slots[item.slot % SLOTS]?.delete(item);
    item.slot = 0;
  }

  /** Looks at everything whose time has come; the interval calls it. */
  advance(): void {
    const time = this.#monotonic();
    const lateMs = time - this.#advancedAt - this.#tickMs;
    if (lateMs > STALL_MS) this.#stalledMs += lateMs;
    this.#advancedAt = time;
    const now = this.now;
    const end = this.#slotAt(now);
    while (this.#current < end) this.#look(++this.#current, now);
  }

  #slotAt(time: number): number {
    return Math.floor(time / this.#tickMs) + 1;
  }

  #look(slot: number, now: number): void {
    const items = this.#slots[slot % SLOTS];
    if (items === undefined) return;
    // Nothing is added to this slot meanwhile: what is scheduled goes at least one and at most all but one further.
    for (const item of items) {
      this.cancel(item);
      const next = this.#check(item, now);
      if (next !== undefined) this.schedule(item, next);
    }
  }

  /** One connection's mistake must not end the process, nor keep the rest of its slot for a turn of the ring. */
  #check(item: WheelItem, now: number): number | undefined {
    try {
      return item.check(now);
    } catch (error) {
      this.#onError(error);
      return now + RETRY_MS;
    }
  }
}
