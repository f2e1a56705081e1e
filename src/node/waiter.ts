/** Calls back after one fixed time unless settled before: one timer for any number of pending requests. */
export class DeadlineQueue {
  readonly #afterMs: number;
  readonly #now: () => number;
  #waiting: { at: number; waiter: Waiter }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param now - monotonic ms. */
  constructor(afterMs: number, now: () => number) {
    this.#afterMs = afterMs;
    this.#now = now;
  }

  add(waiter: Waiter): void {
    if (this.#stopped) {
      waiter.expire();
      return;
    }
    this.#waiting.push({ at: this.#now() + this.#afterMs, waiter });
    this.#timer ??= setTimeout(() => this.#tick(), this.#afterMs);
  }

  /** Permanent: pending requests, and later ones, are called back at once. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { waiter } of this.#waiting) waiter.expire();
    this.#waiting = [];
  }

  #tick(): void {
    const now = this.#now();
    const first = this.#waiting.findIndex(({ at }) => at > now);
    const due = first < 0 ? this.#waiting : this.#waiting.slice(0, first);
    this.#waiting = first < 0 ? [] : this.#waiting.slice(first);
    const next = this.#waiting[0];
    this.#timer = next && setTimeout(() => this.#tick(), Math.max(1, next.at - now));
    for (const { waiter } of due) waiter.expire();
  }
}

/** A pending request for a user to be stored. Settles once; later results are ignored. */
export class Waiter {
  #settled = false;
  readonly #stored: () => void;
  readonly #expired: () => void;

  constructor(stored: () => void, expired: () => void) {
    this.#stored = stored;
    this.#expired = expired;
  }

  get settled(): boolean {
    return this.#settled;
  }

  store(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#stored();
  }

  expire(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#expired();
  }
}
