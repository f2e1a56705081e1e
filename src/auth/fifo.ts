/** First in, first out. `Array.shift` moves all remaining items, which is too slow for a storm of thousands. */
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
    // Frees the items handed out, at the latest when they are as many as those still held.
    if (this.#next > this.size) {
      this.#items = this.#items.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }
}
