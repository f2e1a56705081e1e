import type { Timing } from '../../time/timing.ts';

/** How long a set that was too large is not asked for again, ms. */
const REMEMBERED_MS = 5000;
/** Sets that are remembered at once. */
const MOST = 10_000;

/** Sets that were too large to be watched just now: asking again is refused without a call of the store. */
export class TooLarge {
  readonly #timing: Pick<Timing, 'now'>;
  readonly #until = new Map<string, number>();

  constructor(timing: Pick<Timing, 'now'>) {
    this.#timing = timing;
  }

  add(tenant: string, name: string): void {
    if (this.#until.size >= MOST) this.#until.clear();
    this.#until.set(`${tenant}:${name}`, this.#timing.now() + REMEMBERED_MS);
  }

  has(tenant: string, name: string): boolean {
    const key = `${tenant}:${name}`;
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (this.#timing.now() < until) return true;
    this.#until.delete(key);
    return false;
  }
}
