/** First in, first out. `Array.shift` moves everything that is left; a storm of thousands would pay for that. */
export class Fifo<T> {
  #items: T[] = [];
  #next = 0;

  get size(): number {
    return this.#items.length - this.#next;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#next];
    if (this.size > 0) this.#next++;
    // Lets go of what was handed out: at the latest when it is as much as what is still held.
    if (this.#next > this.size) {
      this.#items = this.#items.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }
}
