import type { Policy, TokenOwner } from '../../domain/model.ts';
import type { LastSeenPrecision } from '../../domain/show.ts';
import type { LogEntry } from '../log-entry.ts';
import { type Partitioning, partitionOf } from '../partition.ts';
import type { StoreOptions } from '../store-options.ts';
import { GroupIndex } from './group-index.ts';
import { MemoryPartition } from './memory-partition.ts';

export interface ShardsOptions extends StoreOptions {
  /** Time of day, µs since the epoch; it never goes back. */
  readonly micros: () => number;
  /** Called with the entries of each change, in order, once the change is done. */
  readonly publish: (partition: number, entries: readonly LogEntry[]) => void;
}

/** The rows of all partitions, the index of groups over them, and the rules: what the roles have in common. */
export class Shards implements Partitioning {
  readonly partitions: number;
  readonly policy: Policy;
  readonly lastSeen: LastSeenPrecision;
  readonly all: readonly MemoryPartition[];
  readonly groups = new GroupIndex();

  constructor(options: ShardsOptions) {
    this.partitions = options.partitions;
    this.policy = options.policy;
    this.lastSeen = options.lastSeen;
    this.all = Array.from(
      { length: options.partitions },
      (_, partition) =>
        new MemoryPartition({
          ...options,
          groups: this.groups,
          publish: (entries) => options.publish(partition, entries),
        }),
    );
  }

  partitionOf(owner: TokenOwner): number {
    return partitionOf(owner, this.partitions);
  }

  at(partition: number): MemoryPartition {
    const shard = this.all[partition];
    if (!shard) throw new RangeError(`there is no partition ${partition}`);
    return shard;
  }

  /** The one that an owner belongs to. */
  of(owner: TokenOwner): MemoryPartition {
    return this.at(this.partitionOf(owner));
  }
}
