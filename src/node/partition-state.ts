import type { DayMs, HybridMicros, StoreMs } from '../domain/clock.ts';
import type { BeatReply } from '../store/port/leases.ts';

/** What this node knows of one partition: its lease there, and how far its writes have come. */
export class PartitionState {
  readonly partition: number;
  /** Rises after each fencing; the part of the node's identity that a reaper fences. */
  epoch: number;
  /** Generation of the data; undefined before the first answer. */
  gen: string | undefined;
  /** Highest hybrid clock seen. */
  seen: HybridMicros = 0;
  /** Newest log entry of this generation that the feed delivered. */
  delivered: HybridMicros = 0;
  /** Last sequence number acknowledged in this generation and epoch, and last number used. */
  acked = 0;
  seq = 0;
  young = true;
  /** Some node, perhaps this one, cannot write here. */
  stuck = false;
  /** The store may not know what this node holds, or may list users that it does not hold. */
  reassertDue = false;
  /** A beat of this epoch was answered. */
  #beaten = false;
  /** When the newest answered beat was sent, monotonic ms: the lease counts from there. */
  #beatAt = Number.NEGATIVE_INFINITY;
  /** The time of day in the newest answer (ms), and how far ahead of it the store's time was. */
  #day: DayMs = 0;
  #shiftMs = 0;
  #answeredAt = 0;
  #askedAt = 0;

  constructor(partition: number, epoch: number) {
    this.partition = partition;
    this.epoch = epoch;
  }

  get hasBeaten(): boolean {
    return this.#beaten;
  }

  get beatAt(): number {
    return this.#beatAt;
  }

  saw(order: HybridMicros): void {
    this.seen = Math.max(this.seen, order);
  }

  /** The feed delivered a log entry. */
  gave(id: HybridMicros): void {
    this.saw(id);
    this.delivered = Math.max(this.delivered, id);
  }

  answered(reply: BeatReply, sentAt: number, now: number): void {
    this.#beaten = true;
    this.#beatAt = Math.max(this.#beatAt, sentAt);
    if (this.gen !== reply.gen) this.delivered = 0;
    this.gen = reply.gen;
    this.young = reply.young;
    this.stuck = reply.stuck;
    this.saw(reply.clock);
    this.#day = reply.micros / 1000;
    this.#shiftMs = reply.shiftMs;
    this.#answeredAt = now;
    this.#askedAt = sentAt;
  }

  /** The data is not what this node wrote: nothing of it counts as acknowledged. */
  forgetWrites(): void {
    this.acked = 0;
  }

  /** Starts over under a new epoch; reapers clear the old one completely. */
  renew(): void {
    this.epoch += 1;
    this.acked = 0;
    this.#beaten = false;
  }

  /**
   * How long this node was silent, ms, when a beat is answered: by its own clock or by the store's, because a machine
   * that sleeps may stop its monotonic clock. 0 before the first answer.
   */
  silence(sentAt: number, { micros, shiftMs }: BeatReply): number {
    if (!this.hasTime) return 0;
    return Math.max(sentAt - this.#beatAt, micros / 1000 + shiftMs - this.time(sentAt));
  }

  /** Whether this node may write: its lease, by its own monotonic clock, has not run out. */
  mayWrite(now: number, ttlMs: number): boolean {
    return this.#beaten && now - this.#beatAt < ttlMs;
  }

  /** The store has reported its time, so estimates from it are more than a guess. */
  get hasTime(): boolean {
    return this.#day > 0;
  }

  /** This node's best estimate of the partition's hybrid clock now: for stamps. 0 before the first answer. */
  order(now: number): HybridMicros {
    return Math.max(this.seen, Math.floor(this.timeOfDay(now) * 1000));
  }

  /** The time of day of the store, erring early rather than late; 0 before the first answer. */
  timeOfDay(now: number): DayMs {
    return this.#day === 0 ? 0 : this.#day + (now - this.#answeredAt);
  }

  /** The store's time, erring early rather than late; 0 before the first answer. */
  time(now: number): StoreMs {
    return this.#day === 0 ? 0 : this.#day + this.#shiftMs + (now - this.#answeredAt);
  }

  /** The latest the store's time can have been at a moment of the monotonic clock; 0 before the first answer. */
  latestAt(moment: number): StoreMs {
    return this.#day === 0 ? 0 : this.#day + this.#shiftMs + (moment - this.#askedAt);
  }
}
