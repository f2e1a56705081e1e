import { type CountOf, countFrame, type Numbers } from '../protocol/encode-place.ts';
import type { PlaceLine, Writer } from './places/place-line.ts';
import type { Polled, PolledReader } from './polled.ts';

/** One connection that watches a number. */
export class NumberReader implements PolledReader<Numbers>, Writer {
  readonly of: CountOf;
  readonly polled: Polled<Numbers>;
  readonly #line: PlaceLine;
  /** References of answers that were not written yet. */
  readonly #refs: (string | undefined)[] = [];
  #isOwed = false;

  constructor(of: CountOf, polled: Polled<Numbers>, line: PlaceLine) {
    this.of = of;
    this.polled = polled;
    this.#line = line;
  }

  /** The number is known: sends it. */
  begin(ref: string | undefined, now: number): void {
    this.polled.readers.add(this);
    this.#refs.push(ref);
    this.#write(now);
  }

  changed(_of: Polled<Numbers>, now: number): void {
    this.#isOwed = true;
    this.#write(now);
  }

  drained(now: number): void {
    if (this.#isOwed || this.#refs.length > 0) this.#write(now);
  }

  end(): void {
    this.polled.readers.delete(this);
    this.#refs.length = 0;
    this.#isOwed = false;
  }

  #write(now: number): void {
    const { value } = this.polled;
    if (value === undefined) return;
    do {
      if (!this.#line.writable(now)) return;
      this.#isOwed = false;
      this.#line.write(countFrame(this.of, value, this.#refs.shift()));
    } while (this.#refs.length > 0);
  }
}
