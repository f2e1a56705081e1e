import type { FairTurns } from '../fanout/fair-turns.ts';

/** Characters of frames that wait, of all connections: each holds what one read of its socket brought. */
const MAX_WAITING = 32 * 1_048_576;
/** Beyond this multiple of the bound no frame waits, not even the first of a person. */
const CEILING = 2;

/** Where the frames of all connections wait for their turns, within a bound that people share equally. */
export class Intake {
  readonly turns: FairTurns;
  readonly #max: number;
  readonly #lengths = new Map<string, number>();
  #length = 0;

  constructor(turns: FairTurns, max = MAX_WAITING) {
    this.turns = turns;
    this.#max = max;
  }

  /** Characters of what waits. */
  get length(): number {
    return this.#length;
  }

  /**
   * Over the bound a person who already holds an equal share of it is refused. A frame of a person who has none waiting
   * still has room when others have filled it.
   *
   * @returns false when there is no room for a frame; then nothing was counted.
   */
  gave(person: string, text: string): boolean {
    const own = this.#lengths.get(person) ?? 0;
    const length = this.#length + text.length;
    if (length > this.#max) {
      const isOverShare = own > 0 && own + text.length > this.#max / this.#lengths.size;
      if (isOverShare || length > CEILING * this.#max) return false;
    }
    this.#length = length;
    this.#lengths.set(person, own + text.length);
    return true;
  }

  /** @param person - the one given with it to {@link gave}. */
  took(person: string, text: string): void {
    this.#length -= text.length;
    const left = (this.#lengths.get(person) ?? 0) - text.length;
    if (left > 0) this.#lengths.set(person, left);
    else this.#lengths.delete(person);
  }
}
