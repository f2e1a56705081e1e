import type { LogEntry } from '../store/log-entry.ts';
import type { EventFeed, FeedListener, Signal } from './feed.ts';
import { Listeners } from './listeners.ts';
import { PendingFeed } from './pending-feed.ts';

/** The feed beside the memory store: what is published is delivered at once, in order, without gaps. */
export class MemoryFeed extends PendingFeed implements EventFeed {
  readonly connected = true;
  readonly #listeners: Listeners;

  /** @param onError - called with what a listener throws, which it must not. */
  constructor(onError: (error: unknown) => void) {
    super();
    this.#listeners = new Listeners(onError);
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  subscribe(listener: FeedListener): () => void {
    return this.#listeners.add(listener);
  }

  expect(): void {}

  async signal(signal: Signal): Promise<void> {
    this.#listeners.signal(signal);
  }

  publish(partition: number, entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#listeners.deliver(partition, entry);
  }
}
