import type { UserKey } from '../domain/model.ts';
import { MAX_BATCH } from '../store/port/reports.ts';
import { backoff } from '../time/backoff.ts';
import type { Holding } from './holding.ts';
import type { PartitionState } from './partition-state.ts';

/** Pause after the first unanswered batch, and the longest pause, ms. */
const RETRY_MS = 100;
const MAX_RETRY_MS = 1000;

/**
 * The changes of one partition that are not stored yet, and when they may be sent. Times are monotonic ms; -1 for
 * never.
 */
export class Lane {
  readonly state: PartitionState;
  /** Consecutive unanswered batches. */
  failures = 0;
  /** Of these, the ones that the store refused regardless of their content. */
  #refusals = 0;
  readonly #dirty = new Map<UserKey, Holding>();
  #flying: ReadonlySet<Holding> | undefined;
  /** When the oldest change that waits, or is in flight, was made. */
  #oldestAt = -1;
  #flyingSince = -1;
  #notBefore = 0;
  /** A batch that fails twice is halved, until the user that causes it is sent alone and the others get through. */
  #limit = MAX_BATCH;

  constructor(state: PartitionState) {
    this.state = state;
  }

  get size(): number {
    return this.#dirty.size;
  }

  get isFlying(): boolean {
    return this.#flying !== undefined;
  }

  has(holding: Holding): boolean {
    return this.#dirty.has(holding.key) || (this.#flying?.has(holding) ?? false);
  }

  add(holding: Holding, now: number): void {
    this.#dirty.set(holding.key, holding);
    if (this.#oldestAt < 0) this.#oldestAt = now;
  }

  delete(holding: Holding): void {
    this.#dirty.delete(holding.key);
    if (this.#dirty.size === 0) this.#oldestAt = -1;
  }

  /**
   * How long the next batch has to wait, ms; `Infinity`: until {@link release}. It never waits to fill up: it gathers
   * while the batch before is in flight, so batches grow by themselves when the store gets slower.
   */
  wait(now: number): number {
    return Math.max(0, this.#notBefore - now);
  }

  /** The next batch: it is in flight until {@link landed} or {@link failed}. */
  take(): readonly Holding[] {
    const batch: Holding[] = [];
    for (const holding of this.#dirty.values()) {
      batch.push(holding);
      if (batch.length === this.#limit) break;
    }
    for (const { key } of batch) this.#dirty.delete(key);
    this.#flying = new Set(batch);
    this.#flyingSince = this.#oldestAt;
    if (this.#dirty.size === 0) this.#oldestAt = -1;
    return batch;
  }

  landed(): void {
    this.#flying = undefined;
    this.failures = 0;
    this.#refusals = 0;
    this.#limit = Math.min(MAX_BATCH, this.#limit * 4);
  }

  /**
   * The batch in flight was refused, or its outcome is unknown: its users are sent again, with what is true by then.
   */
  failed(): void {
    for (const holding of this.#flying ?? []) this.#dirty.set(holding.key, holding);
    this.#flying = undefined;
    this.#oldestAt = this.#oldestAt < 0 ? this.#flyingSince : Math.min(this.#oldestAt, this.#flyingSince);
  }

  /** The store refuses all writes; a single refusal may be a hiccup. */
  get isStuck(): boolean {
    return this.#refusals > 1;
  }

  /**
   * The store did not answer: waits, longer each time.
   *
   * @param refused - for a reason other than this batch's content.
   */
  backOff(batchSize: number, now: number, refused: boolean): void {
    this.failures += 1;
    if (refused) this.#refusals += 1;
    if (this.failures > 1) this.#limit = Math.max(1, Math.floor(batchSize / 2));
    this.#notBefore = now + backoff(this.failures - 1, RETRY_MS, MAX_RETRY_MS);
  }

  /** Nothing is sent until {@link release}. */
  close(): void {
    this.#notBefore = Number.POSITIVE_INFINITY;
  }

  release(): void {
    this.#notBefore = 0;
  }

  /** Age of the oldest change that is not stored, ms. */
  lag(now: number): number {
    const since = this.#flying ? this.#flyingSince : this.#oldestAt;
    return since < 0 ? 0 : now - since;
  }
}
