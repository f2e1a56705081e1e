/** How often the loop is checked, and how late a check may run before new connections are refused, ms. */
const LOOK_MS = 250;
const OVERLOADED_MS = 1000;

/** Whether the event loop keeps up. One more connection on a loop that does not would harm the existing ones. */
export class LoopLag {
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #due = 0;
  #lagMs = 0;

  /** @param now - monotonic ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get overloaded(): boolean {
    return Math.max(this.#lagMs, this.#timer ? this.#now() - this.#due : 0) > OVERLOADED_MS;
  }

  start(): void {
    if (this.#timer) return;
    this.#due = this.#now() + LOOK_MS;
    this.#timer = setInterval(() => {
      const now = this.#now();
      this.#lagMs = Math.max(0, now - this.#due);
      this.#due = now + LOOK_MS;
    }, LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#lagMs = 0;
  }
}
