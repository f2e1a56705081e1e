/** Runs a job again and again, never twice at once: the next run starts a period after this one started, or when it ends. */
export class Periodic {
  readonly #periodMs: number;
  readonly #job: () => Promise<void>;
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = true;

  /** @param now - monotonic ms. */
  constructor(
    periodMs: number,
    now: () => number,
    job: () => Promise<void>,
    onError: (error: unknown) => void,
  ) {
    this.#now = now;
    this.#periodMs = periodMs;
    this.#job = job;
    this.#onError = onError;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    // Started again while the last run is still in progress: that run continues with the next.
    if (this.#running === undefined) this.#arm(0);
  }

  /** Resolves once a run in progress has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #arm(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#run();
    }, waitMs);
  }

  async #run(): Promise<void> {
    const startedAt = this.#now();
    try {
      await this.#job();
    } catch (error) {
      this.#onError(error);
    }
    this.#running = undefined;
    if (!this.#stopped) this.#arm(Math.max(0, this.#periodMs - (this.#now() - startedAt)));
  }
}
