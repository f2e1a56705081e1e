import type { Transition } from '../domain/model.ts';
import type { Command, LogEntry } from '../store/log-entry.ts';

export type { Command };

/** A place in the logs: the hybrid clock (µs) of the partition, which is the log id. */
export interface Place {
  readonly id: number;
  readonly partition: number;
}

/** A transition with its place in the log. */
export interface LoggedTransition extends Place {
  readonly transition: Transition;
}

/** Passed on to every node at once, in no order, and kept nowhere. */
export type Signal = TypingSignal | SilenceSignal;

/** Somebody types, or has stopped, to one user or group. */
export interface TypingSignal {
  readonly type: 'typing';
  readonly tenant: string;
  readonly from: string;
  readonly to: { readonly user: string } | { readonly group: string };
  readonly on: boolean;
  /** Groups of the sender: where only people of one group see each other, the receiving node has to know. */
  readonly groups: readonly string[];
}

/** Somebody types nowhere any more, whatever they said on whichever node. */
export interface SilenceSignal {
  readonly type: 'silence';
  readonly tenant: string;
  readonly from: string;
}

/** Entries of one partition, in the order of its log. */
export interface ReplayPage {
  readonly entries: readonly LogEntry[];
  /** Everything up to this id (µs) has been read. */
  readonly upTo: number;
  /** There was no more when it was read. */
  readonly end: boolean;
}

/** The logs read again, for somebody who was away or fell behind. */
export interface Replay {
  /** Where it begins, µs: the same moment in every partition. */
  readonly from: number;
  /**
   * The entries of a partition after an id, {@link from} or later. Bounded: whoever wants more asks from `upTo` on.
   * @throws CursorLost, StoreError `unavailable`
   */
  entries(partition: number, after: number): Promise<ReplayPage>;
}

/** The log does not hold what follows a position any more, or is not the log of that position. */
export class CursorLost extends Error {
  readonly code = 'cursor_lost';
  constructor() {
    super('the log does not hold what follows this position');
    this.name = 'CursorLost';
  }
}

export interface FeedListener {
  /** Every transition of every partition, per partition in log order, each once. */
  transition?(event: LoggedTransition): void;
  command?(command: Command, place: Place): void;
  /** Part of this partition's history is gone for good: whatever was derived from it must be read again. */
  reset?(partition: number): void;
  signal?(signal: Signal): void;
}

/**
 * The ordered feed of transitions on one node. It repairs gaps from the log itself; a listener sees either every
 * entry or a `reset`. Listeners are called synchronously and must not throw.
 */
export interface EventFeed {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** @returns a function that unsubscribes. */
  subscribe(listener: FeedListener): () => void;
  /**
   * What a heartbeat told: the partition's generation, last log id and hybrid clock (µs), above which everything later
   * is recorded. A feed still behind it 500 ms later reads the log and replaces its subscriber connection, because a
   * half-cut link has no next message.
   */
  expect(partition: number, gen: string, last: number, clock: number): void;
  /** One publish, to every node, this one too. May be lost. @throws StoreError `unavailable` */
  signal(signal: Signal): Promise<void>;
  /**
   * Where this node's feed is: everything recorded before was delivered to listeners. Opaque, valid on every node of
   * the deployment. `undefined` until every partition has been heard of.
   * @param atMost - µs, for a reader that was given everything only up to there.
   */
  watermark(atMost?: number): string | undefined;
  /**
   * Opens the logs at a watermark.
   * @returns `undefined` when the cursor is not held any more, or not one of this deployment's data: read a snapshot.
   * @throws StoreError `unavailable`, `invalid_cursor` for what no node ever gave.
   */
  replay(watermark: string): Promise<Replay | undefined>;
  readonly partitions: number;
  /** What happens can be heard of right now: its source is there, and answers. */
  readonly connected: boolean;
}
