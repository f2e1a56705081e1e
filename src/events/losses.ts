export interface LossesOptions {
  readonly partitions: number;
  /** How long a loss waits at most for partitions that do not report, ms. */
  readonly waitMs: number;
  /** A loss is complete: whatever it took was found. */
  readonly onSettled: () => void;
}

/**
 * One loss of data shows in one partition after another, because they beat in turns. It is complete once every
 * partition has reported after the first that showed it: a partition that has not changed by then was not lost with
 * it. One that has reported and changes afterwards begins the wait again.
 */
export class Losses {
  readonly #options: LossesOptions;
  /** Partitions that have not reported yet; empty while no loss is open. */
  readonly #awaited = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LossesOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#awaited.size > 0;
  }

  /** Part of this partition's history is lost. */
  found(partition: number): void {
    if (!this.#awaited.has(partition)) this.suspect();
  }

  /** The store holds other data than the feed knows of: the feed will find out where. */
  suspect(): void {
    const { partitions, waitMs } = this.#options;
    for (let partition = 0; partition < partitions; partition += 1) this.#awaited.add(partition);
    this.#timer ??= setTimeout(() => this.#settle(), waitMs);
  }

  /** A heartbeat of this partition was answered, and the feed has taken notice of the answer. */
  heard(partition: number): void {
    if (this.#awaited.delete(partition) && this.#awaited.size === 0) this.#settle();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#awaited.clear();
  }

  #settle(): void {
    this.stop();
    this.#options.onSettled();
  }
}
