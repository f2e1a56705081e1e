import { placeFrame } from '../../protocol/encode-place.ts';
import type { Tuning } from '../context.ts';
import type { PlaceRecord } from './place-record.ts';

/** Gathers changes of one place until a frame is full. */
export class PlaceFrame {
  readonly #tuning: Pick<Tuning, 'frameUsers' | 'frameChars'>;
  readonly #users: string[] = [];
  readonly #left: string[] = [];
  #chars = 0;

  constructor(tuning: Pick<Tuning, 'frameUsers' | 'frameChars'>) {
    this.#tuning = tuning;
  }

  get size(): number {
    return this.#users.length + this.#left.length;
  }

  get full(): boolean {
    return this.size >= this.#tuning.frameUsers || this.#chars >= this.#tuning.frameChars;
  }

  add(record: PlaceRecord): void {
    (record.member === undefined ? this.#left : this.#users).push(record.json);
    this.#chars += record.json.length;
  }

  /** A user whom the reader may not see any more is shown as one who left. @param json - see `encodeLeft`. */
  addLeft(json: string): void {
    this.#left.push(json);
    this.#chars += json.length;
  }

  changes(place: string): string {
    return placeFrame(place, {
      ...(this.#users.length > 0 && { users: this.#users.join(',') }),
      ...(this.#left.length > 0 && { left: this.#left.join(',') }),
    });
  }

  snapshot(place: string, ref: string | undefined, more: boolean): string {
    return placeFrame(place, { users: this.#users.join(','), snapshot: true, ref, more });
  }
}
