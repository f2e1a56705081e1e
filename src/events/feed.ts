import type { Transition } from '../domain/model.ts';
import type { PlaceTransition } from '../domain/place.ts';
import type { Command, LogEntry } from '../store/log-entry.ts';

export type { Command };

/** A position in a log: the hybrid clock (µs) of the partition, which is the log id. */
export interface LogPosition {
  readonly id: number;
  readonly partition: number;
}

/** A transition with its position in the log. */
export interface LoggedTransition extends LogPosition {
  readonly transition: Transition;
}

/** A change of what others see in a place, with its position in the log. */
export interface LoggedPlace extends LogPosition {
  readonly place: PlaceTransition;
}

/** Sent to every node at once, unordered, and stored nowhere. */
export type Signal = TypingSignal | SilenceSignal;

/** A user types to one user, or in a group or a place, or has stopped. */
export interface TypingSignal {
  readonly type: 'typing';
  readonly tenant: string;
  readonly from: string;
  readonly to: { readonly user: string } | { readonly group: string } | { readonly place: string };
  readonly on: boolean;
  /** Groups of the sender: where only members of a group see each other, the receiving node needs them. */
  readonly groups: readonly string[];
}

/** A user no longer types anywhere, whatever they reported on any node. */
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
  /** The log held no more when it was read. */
  readonly end: boolean;
}

/** The logs read again, for a reader that was disconnected or fell behind. */
export interface Replay {
  /** Where it begins, µs: the same moment in every partition. */
  readonly from: number;
  /**
   * The entries of a partition after an id, {@link from} or later. Bounded: a reader that needs more continues from
   * `upTo`.
   * @throws CursorLost, StoreError `unavailable`
   */
  entries(partition: number, after: number): Promise<ReplayPage>;
}

/** The log no longer holds what follows a position, or is not the log of that position. */
export class CursorLost extends Error {
  readonly code = 'cursor_lost';
  constructor() {
    super('the log no longer holds the entries after this position');
    this.name = 'CursorLost';
  }
}

export interface FeedListener {
  /** Every transition of every partition, per partition in log order, each once. */
  transition?(event: LoggedTransition): void;
  /** Every change of who is in a place and of their data, in one order with the transitions. */
  place?(event: LoggedPlace): void;
  command?(command: Command, position: LogPosition): void;
  /** Part of this partition's history is lost: everything derived from it must be read again. */
  reset?(partition: number): void;
  /** After the resets of one loss of data, once: every partition that it concerns has been reset. */
  settled?(): void;
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
   * The result of a heartbeat: the partition's generation, last log id and hybrid clock (µs), above which everything
   * later is recorded. A feed still behind it 500 ms later reads the log and replaces its subscriber connection,
   * because on a half-open link no next message arrives.
   */
  expect(partition: number, gen: string, last: number, clock: number): void;
  /** One publish, to every node, this one too. May be lost. @throws StoreError `unavailable` */
  signal(signal: Signal): Promise<void>;
  /**
   * The feed's position on this node: everything recorded before was delivered to listeners. Opaque, valid on every
   * node of the deployment. `undefined` until every partition has reported.
   * @param atMost - µs, for a reader that has received everything only up to there.
   */
  watermark(atMost?: number): string | undefined;
  /**
   * Opens the logs at a watermark.
   * @param hasPlaces - with what happened in places, whose logs may hold less.
   * @returns `undefined` when the log no longer reaches back to the cursor, or the cursor is of other data: read a
   * snapshot.
   * @throws StoreError `unavailable`, `invalid_cursor` for a text that no node ever gave.
   */
  replay(watermark: string, hasPlaces?: boolean): Promise<Replay | undefined>;
  readonly partitions: number;
  /** Data was lost, and partitions that lost theirs too may not have been reset yet: `settled` follows. */
  readonly isSettling: boolean;
  /** The feed is live: its source is connected and answers. */
  readonly connected: boolean;
}
