import type { BeatReply } from '../store/presence-store.ts';

/** What this node knows of one partition: its lease there, and how far its writes have come. */
export class PartitionState {
  readonly partition: number;
  /** Rises after each fencing; the part of the node's identity that a reaper condemns. */
  epoch: number;
  /** Generation of the data; undefined before the first answer. */
  gen: string | undefined;
  /** Highest hybrid clock seen, µs. */
  seen = 0;
  /** Newest log entry of this generation that the feed gave, µs. */
  delivered = 0;
  /** Last sequence number acknowledged in this generation and epoch, and last number used. */
  acked = 0;
  seq = 0;
  young = true;
  /** Some node, perhaps this one, cannot write here. */
  stuck = false;
  /** The store may not know what this node holds, or list what it does not. */
  reassertDue = false;
  /** A beat of this epoch was answered. */
  #beaten = false;
  /** When the newest answered beat was sent, monotonic ms: the lease counts from there. */
  #beatAt = Number.NEGATIVE_INFINITY;
  #clock = 0;
  #clockAt = 0;
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

  saw(clock: number): void {
    this.seen = Math.max(this.seen, clock);
  }

  /** The feed gave a log entry. */
  gave(id: number): void {
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
    this.#clock = reply.clock;
    this.#clockAt = now;
    this.#askedAt = sentAt;
  }

  /** The data is not what this node wrote: nothing of it counts as acknowledged. */
  forgetWrites(): void {
    this.acked = 0;
  }

  /** Starts over under a new epoch; the old one is reaped to its end. */
  renew(): void {
    this.epoch += 1;
    this.acked = 0;
    this.#beaten = false;
  }

  /**
   * For how long nothing was heard of this node, ms, when a beat is answered: by its own clock, or by that of the store,
   * because a machine that sleeps may stop its monotonic clock. 0 before the first answer.
   */
  silence(sentAt: number, clock: number): number {
    if (this.#clock === 0) return 0;
    return Math.max(sentAt - this.#beatAt, (clock - this.clock(sentAt)) / 1000);
  }

  /** Whether this node may write: its lease, by its own monotonic clock, has not run out. */
  mayWrite(now: number, ttlMs: number): boolean {
    return this.#beaten && now - this.#beatAt < ttlMs;
  }

  /** The store's clock told us something: {@link clock} is more than a guess. */
  get hasClock(): boolean {
    return this.#clock > 0;
  }

  /** The latest the hybrid clock (µs) can have been at a moment of the monotonic clock; 0 before anything told. */
  clockAt(moment: number): number {
    return this.#clock === 0 ? 0 : this.#clock + Math.round((moment - this.#askedAt) * 1000);
  }

  /** The partition's hybrid clock now, µs, as well as this node can tell; 0 before anything told. */
  clock(now: number): number {
    if (this.#clock === 0) return this.seen;
    return Math.max(this.seen, this.#clock + Math.round((now - this.#clockAt) * 1000));
  }
}
