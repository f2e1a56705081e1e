import type { FairTurns } from '../fanout/fair-turns.ts';

/** Characters of frames that wait, of all connections: each holds what one read of its socket brought. */
const MAX_WAITING = 32 * 1_048_576;

/** Where the frames of all connections wait for their turns, within a bound. */
export class Intake {
  readonly turns: FairTurns;
  readonly #max: number;
  #length = 0;

  constructor(turns: FairTurns, max = MAX_WAITING) {
    this.turns = turns;
    this.#max = max;
  }

  /** Characters of what waits. */
  get length(): number {
    return this.#length;
  }

  /** @returns false when there is no room for a frame; then nothing was counted. */
  gave(text: string): boolean {
    if (this.#length + text.length > this.#max) return false;
    this.#length += text.length;
    return true;
  }

  took(text: string): void {
    this.#length -= text.length;
  }
}
