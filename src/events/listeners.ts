import type { LogEntry } from '../store/log-entry.ts';
import type { FeedListener } from './feed.ts';

/** The listeners of a feed, called in the order in which they subscribed. */
export class Listeners {
  readonly #listeners = new Set<FeedListener>();

  add(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  deliver(partition: number, entry: LogEntry): void {
    for (const listener of this.#listeners) {
      if (entry.kind === 'command') listener.command?.(entry.command);
      else listener.transition?.({ id: entry.id, partition, transition: entry.transition });
    }
  }

  reset(partition: number): void {
    for (const listener of this.#listeners) listener.reset?.(partition);
  }
}
