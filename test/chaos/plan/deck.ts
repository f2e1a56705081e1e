import type { Fault } from '../faults/fault.ts';
import type { Random } from '../random.ts';

/** Draws by weight, but the same again only when the others had their turn: a minute is short. */
export class Deck {
  readonly #faults: readonly Fault[];
  readonly #random: Random;
  readonly #drawn = new Map<Fault, number>();

  constructor(faults: readonly Fault[], random: Random) {
    this.#faults = faults;
    this.#random = random;
  }

  draw(from: readonly Fault[] = this.#faults): Fault {
    const fault = this.#random.weighted(
      from.map((each) => [each.weight / 4 ** (this.#drawn.get(each) ?? 0), each] as const),
    );
    this.#drawn.set(fault, (this.#drawn.get(fault) ?? 0) + 1);
    return fault;
  }

  drawBeside(other: Fault): Fault | undefined {
    const fits = this.#faults.filter(
      ({ needs }) => needs === 'node' || (needs === 'store' && other.needs !== 'store'),
    );
    return fits.length > 0 ? this.draw(fits) : undefined;
  }
}
