import type { LogEntry } from '../store/log-entry.ts';
import type { FeedListener, Signal } from './feed.ts';

/**
 * The listeners of a feed, called in the order in which they subscribed. A listener that throws breaks its contract,
 * but costs no other listener an entry and does not affect the feed's position.
 */
export class Listeners {
  readonly #listeners = new Set<FeedListener>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  add(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  deliver(partition: number, entry: LogEntry): void {
    this.#each((listener) => {
      const { id } = entry;
      if (entry.kind === 'command') listener.command?.(entry.command, { id, partition });
      else if (entry.kind === 'place') listener.place?.({ id, partition, place: entry.place });
      else listener.transition?.({ id, partition, transition: entry.transition });
    });
  }

  reset(partition: number): void {
    this.#each((listener) => listener.reset?.(partition));
  }

  settled(): void {
    this.#each((listener) => listener.settled?.());
  }

  signal(signal: Signal): void {
    this.#each((listener) => listener.signal?.(signal));
  }

  #each(call: (listener: FeedListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        call(listener);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
