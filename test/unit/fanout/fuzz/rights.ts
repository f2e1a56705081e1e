import type { Rights } from './told.ts';

/** What a person may see, and might see before. */
export class RightsHistory {
  readonly #all: { readonly at: number; readonly rights: Rights }[] = [];

  add(at: number, rights: Rights): void {
    this.#all.push({ at, rights });
  }

  get last(): Rights {
    const last = this.#all.at(-1);
    if (last === undefined) throw new RangeError('no rights');
    return last.rights;
  }

  /** Those of some moment from one on; what a step changes is the newest. */
  since(from: number): readonly Rights[] {
    const first = this.#all.findLastIndex(({ at }) => at <= from);
    return this.#all.slice(Math.max(0, first)).map(({ rights }) => rights);
  }
}
