import type { RollcallError } from '../errors.ts';

/** Promises by number, which the core settles. */
export class Promises {
  readonly #waiting = new Map<number, { resolve(): void; reject(error: RollcallError): void }>();
  #last = 0;

  /** It may be ignored: it is never an unhandled rejection. */
  open(): { readonly id: number; readonly promise: Promise<void> } {
    this.#last += 1;
    const id = this.#last;
    const promise = new Promise<void>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    promise.catch(() => {});
    return { id, promise };
  }

  settle(id: number, error?: RollcallError): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(error);
    else waiting?.resolve();
  }
}
