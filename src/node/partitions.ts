import type { DayMs, HybridMicros, StoreMs } from '../domain/clock.ts';
import type { TokenOwner } from '../domain/model.ts';
import type { Partitioning } from '../store/partition.ts';
import type { Clock } from '../time/clock.ts';
import { PartitionState } from './partition-state.ts';

/** All partitions as this node knows them, and the time in each by its best estimate. */
export class Partitions {
  readonly list: readonly PartitionState[];
  readonly #partitioning: Partitioning;
  readonly #clock: Clock;

  constructor(partitioning: Partitioning, clock: Clock) {
    this.#partitioning = partitioning;
    this.#clock = clock;
    this.list = Array.from(
      { length: partitioning.partitions },
      (_, partition) => new PartitionState(partition, 0),
    );
  }

  /** The partition of a user, or of a service's row. */
  of(owner: TokenOwner): number {
    return this.#partitioning.partitionOf(owner);
  }

  /**
   * The hybrid clock of a partition now: for stamps. Before the first answer there is only this machine's clock, and a
   * claim must not look older than those before it.
   */
  order(partition: number): HybridMicros {
    return this.list[partition]?.order(this.#clock.monotonic()) || this.#clock.wall() * 1000;
  }

  /** The time of day of a partition; before the first answer this machine's. */
  timeOfDay(partition: number): DayMs {
    return this.list[partition]?.timeOfDay(this.#clock.monotonic()) || this.#clock.wall();
  }

  /** The time of an owner's partition at a moment of the monotonic clock (ms), erring late rather than early. */
  latestAt(owner: TokenOwner, moment: number): StoreMs {
    return this.list[this.of(owner)]?.latestAt(moment) ?? 0;
  }

  /** This machine's clock minus the store's, where they differ most, ms. */
  get clockOffsetMs(): number {
    const offsets = this.list
      .filter((state) => state.hasTime)
      .map((state) => this.#clock.wall() - state.timeOfDay(this.#clock.monotonic()));
    return offsets.reduce((worst, offset) => (Math.abs(offset) > Math.abs(worst) ? offset : worst), 0);
  }
}
