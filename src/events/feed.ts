import type { Transition } from '../domain/model.ts';
import type { Command } from '../store/log-entry.ts';

export type { Command };

/** A transition with its place in the log: the hybrid clock (µs) of the partition, also its log id. */
export interface LoggedTransition {
  readonly id: number;
  readonly partition: number;
  readonly transition: Transition;
}

export interface FeedListener {
  /** Every transition of every partition, per partition in log order, each once. */
  transition?(event: LoggedTransition): void;
  command?(command: Command): void;
  /** Part of this partition's history is gone for good: whatever was derived from it must be read again. */
  reset?(partition: number): void;
}

/**
 * The ordered feed of transitions on one node. It repairs gaps from the log itself; a listener sees either every
 * entry or a `reset`. Listeners are called synchronously and must not throw.
 */
export interface EventFeed {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** @returns the undo. */
  subscribe(listener: FeedListener): () => void;
  /**
   * What a heartbeat told: the partition's generation and last log id. A feed still behind it 500 ms later reads
   * the log and replaces its subscriber connection, because a half-cut link has no next message.
   */
  expect(partition: number, gen: string, last: number): void;
  /** The subscriber link is up. */
  readonly connected: boolean;
}
