import type { Session } from './session.ts';

/** Sockets notified per turn of the loop: a write takes some microseconds, during which all other work waits. */
const BATCH = 500;

/**
 * Notifies every connection whether what it sees may be stale. A flip while the last one is still being sent starts
 * over. Each connection knows what it was sent, so it gets every change that lasted, and none twice.
 */
export class DegradedNotice {
  readonly #sessions: ReadonlySet<Session>;
  readonly #degraded: () => boolean;
  #rest: Iterator<Session> | undefined;
  #next: NodeJS.Immediate | undefined;

  constructor(sessions: ReadonlySet<Session>, degraded: () => boolean) {
    this.#sessions = sessions;
    this.#degraded = degraded;
  }

  tellAll(): void {
    this.#rest = this.#sessions.values();
    if (this.#next === undefined) this.#tellSome();
  }

  stop(): void {
    clearImmediate(this.#next);
    this.#next = undefined;
    this.#rest = undefined;
  }

  #tellSome(): void {
    this.#next = undefined;
    for (let told = 0; told < BATCH; told += 1) {
      const step = this.#rest?.next();
      if (step === undefined || step.done === true) {
        this.#rest = undefined;
        return;
      }
      step.value.tellDegraded(this.#degraded());
    }
    this.#next = setImmediate(() => this.#tellSome());
  }
}
