import { EventEmitter } from 'node:events';

/** A response whose client takes everything at once. */
export class FakeResponse extends EventEmitter {
  readonly writableLength = 0;
  readonly destroyed = false;
  readonly #written: (text: string) => void;

  constructor(written: (text: string) => void) {
    super();
    this.#written = written;
  }

  write(text: string): boolean {
    this.#written(text);
    return true;
  }
}
