import { namesPlace } from '../domain/place-pattern.ts';

/** Every place of the tenant. */
export const EVERY_PLACE = '*';

/** The places that a reader follows: ids, and prefixes as tokens have them, or all. */
export class PlaceFilter {
  readonly #isEvery: boolean;
  readonly #ids: ReadonlySet<string>;
  readonly #prefixes: readonly string[];

  /** @param patterns - each {@link EVERY_PLACE}, or as `isPlacePattern` allows. */
  constructor(patterns: readonly string[]) {
    this.#isEvery = patterns.includes(EVERY_PLACE);
    this.#ids = new Set(patterns);
    this.#prefixes = patterns.filter((pattern) => pattern.endsWith('*'));
  }

  has(place: string): boolean {
    return this.#isEvery || this.#ids.has(place) || namesPlace(this.#prefixes, place);
  }
}
