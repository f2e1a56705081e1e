import type { Timing } from './timing.ts';

interface Batch<T> {
  readonly dueAt: number;
  readonly items: T[];
}

/**
 * Calls back for each item the same time after it was added. As the delay never differs, the queue is in order by
 * itself, and one timer serves any number of connections. Items cannot be cancelled: a caller that no longer cares
 * ignores the call.
 */
export class DueQueue<T> {
  readonly #delayMs: number;
  readonly #timing: Timing;
  readonly #due: (items: readonly T[], now: number) => void;
  #batches: Batch<T>[] = [];
  #cancel: (() => void) | undefined;
  #stopped = false;

  /** @param due - gets everything that was added at one moment; may add again. Must not throw. */
  constructor(delayMs: number, timing: Timing, due: (items: readonly T[], now: number) => void) {
    this.#delayMs = delayMs;
    this.#timing = timing;
    this.#due = due;
  }

  get size(): number {
    let size = 0;
    for (const batch of this.#batches) size += batch.items.length;
    return size;
  }

  add(item: T, now: number): void {
    if (this.#stopped) {
      this.#due([item], now);
      return;
    }
    const dueAt = now + this.#delayMs;
    const last = this.#batches.at(-1);
    if (last?.dueAt === dueAt) last.items.push(item);
    else this.#batches.push({ dueAt, items: [item] });
    if (this.#cancel === undefined) this.#arm(now);
  }

  /** Permanent: what waits, and what is added later, is due at once. */
  stop(): void {
    this.#stopped = true;
    const batches = this.#batches;
    this.clear();
    for (const { items } of batches) this.#due(items, this.#timing.now());
  }

  /** Forgets what waits. */
  clear(): void {
    this.#batches = [];
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(now: number): void {
    const first = this.#batches[0];
    if (first === undefined) return;
    // Timers count whole milliseconds and may be early by a part of one.
    const ms = Math.max(1, Math.ceil(first.dueAt - now));
    this.#cancel = this.#timing.schedule(() => this.#fire(), ms);
  }

  #fire(): void {
    const now = this.#timing.now();
    let count = 0;
    while ((this.#batches[count]?.dueAt ?? Number.POSITIVE_INFINITY) <= now) count += 1;
    const due = this.#batches.splice(0, count);
    for (const { items } of due) this.#due(items, now);
    this.#cancel = undefined;
    this.#arm(now);
  }
}
