import type { Target } from './peer.ts';

/** What happened so far, by name. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by);
  }

  get counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}

/** Runs in a process of its own, and until that is ended; it has settled when all that it prepares is there. */
export type Attack<O> = (target: Target, options: O, tally: Tally) => Promise<void>;

/** Does something so many times a second, however long one takes, in small portions. */
export const atRate = (perSecond: number, act: (n: number) => void): void => {
  const begun = performance.now();
  let done = 0;
  setInterval(() => {
    const due = Math.floor(((performance.now() - begun) * perSecond) / 1000);
    while (done < due) act(done++);
  }, 5);
};

/** Does something for each of many, a few at a time. */
export const eachOf = async <T>(
  items: readonly T[],
  act: (item: T, n: number) => Promise<void>,
  atOnce = 32,
): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < items.length; n = next++) await act(items[n] as T, n);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
};
