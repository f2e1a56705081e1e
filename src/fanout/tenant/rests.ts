import type { Timing } from '../../time/timing.ts';

/** Sets that are remembered at once. */
const MOST = 10_000;

/** When sets that no connection watches any more may be read again: leaving one and coming back makes no reading free. */
export class Rests {
  readonly #timing: Pick<Timing, 'now'>;
  readonly #until = new Map<string, number>();

  constructor(timing: Pick<Timing, 'now'>) {
    this.#timing = timing;
  }

  keep(tenant: string, name: string, until: number): void {
    if (until <= this.#timing.now()) return;
    if (this.#until.size >= MOST) this.#until.clear();
    this.#until.set(`${tenant}:${name}`, until);
  }

  /** Also forgets it. */
  of(tenant: string, name: string): number {
    const key = `${tenant}:${name}`;
    const until = this.#until.get(key) ?? 0;
    this.#until.delete(key);
    return until;
  }
}
