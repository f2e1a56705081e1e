/**
 * How many connections of any kind this process has, and how many it may have. Those who open and close them keep their
 * own count here, and all of them share the maximum.
 */
export class Capacity {
  sockets = 0;
  streams = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** No more connections can be taken. */
  get full(): boolean {
    return this.sockets + this.streams >= this.#max;
  }
}
