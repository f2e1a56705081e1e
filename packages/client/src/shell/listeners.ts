import type { Step } from '../core/reduce.ts';

/** Functions by what they wait for. What one of them throws is told to the page, and stops nobody. */
export class Listeners<Name extends string, What = void> {
  readonly #byName = new Map<Name, Set<(what: What) => void>>();

  add(name: Name, listener: (what: What) => void): () => void {
    const set = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, set);
    // Wrapped: the same function may listen twice, and each ends by itself.
    const entry = (what: What): void => listener(what);
    set.add(entry);
    return () => {
      set.delete(entry);
      if (set.size === 0 && this.#byName.get(name) === set) this.#byName.delete(name);
    };
  }

  call(name: Name, what: What): void {
    for (const listener of [...(this.#byName.get(name) ?? [])]) {
      try {
        listener(what);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Everybody whom a step concerns. */
  callAll(this: Listeners<Name>, { topics, everything }: Pick<Step, 'topics' | 'everything'>): void {
    for (const name of everything ? [...this.#byName.keys()] : (topics as ReadonlySet<Name>)) this.call(name);
  }
}
