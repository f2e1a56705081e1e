import type { HybridMicros, StoreMs } from '../../domain/clock.ts';
import type { UserRef } from '../../domain/model.ts';

/** Leases: the right of a node to count in a partition, and the list of the users it holds there. */
export interface Leases {
  /** Renews the lease of one node in one partition, raises the partition's clock, reports loss and fencing. */
  beat(partition: number, beat: Beat): Promise<BeatReply>;
  /** A node that has written everything leaves the partition, so that no reaper has to clear it; otherwise a no-op. */
  retire(partition: number, node: string): Promise<void>;
  /** Users this node epoch is recorded to hold in a partition: what a re-assertion must cover. */
  held(partition: number, node: string): Promise<UserRef[]>;
}

/** `<id>.<epoch>`: the id is random per process, the epoch rises after each fencing in that partition. */
export interface Beat {
  readonly node: string;
  /** Generation of the partition's data this node remembers; absent before the first answer. */
  readonly gen?: string;
  /** Highest hybrid clock this node has seen of the partition; 0 before the first answer. */
  readonly seen: HybridMicros;
  /** Newest log entry (µs) of that generation that this node was given; absent or 0 for none. */
  readonly delivered?: HybridMicros;
  /** The partition's time as this node estimates it; 0 or absent before the first answer. */
  readonly time?: StoreMs;
  /** Highest sequence number that was acknowledged when this beat was sent; 0 for none. */
  readonly acked: number;
  /** Age of the oldest change not yet written, ms. */
  readonly lagMs: number;
  /** The store refuses what this node writes here; a beat may still get through, as when memory is full. */
  readonly stuck?: boolean;
}

export interface BeatReply {
  readonly fenced: boolean;
  readonly gen: string;
  /** The partition lost data or went back: this node must report again what it knows. */
  readonly lost: boolean;
  /** ms until the partition may clear users again; 0 when it is not on hold. */
  readonly holdMs: number;
  /** Reads of the partition are not trustworthy yet. */
  readonly young: boolean;
  /** Some node cannot write here: reads may lack what that node knows. */
  readonly stuck: boolean;
  /** Everything recorded later has a greater id. */
  readonly clock: HybridMicros;
  /** Id of the last entry in the partition's log; 0 when empty. */
  readonly last: HybridMicros;
  /** The time of day of the store, µs, and how far ahead of it the store's time is, ms. */
  readonly micros: number;
  readonly shiftMs: number;
}
