import type { TokenOwner } from '../../domain/model.ts';
import type { Keys, PartitionKeys } from '../../redis/keys.ts';
import { type Partitioning, partitionOf } from '../partition.ts';

/** Which keys belong to which partition, and to which users. */
export class KeySpace implements Partitioning {
  readonly partitions: number;
  /** Those of each partition, in order. */
  readonly all: readonly PartitionKeys[];

  constructor({ partitions }: Keys) {
    this.partitions = partitions.length;
    this.all = partitions;
  }

  partitionOf(owner: TokenOwner): number {
    return partitionOf(owner, this.partitions);
  }

  /** Those of one partition. */
  at(partition: number): PartitionKeys {
    const keys = this.all[partition];
    if (!keys) throw new RangeError(`there is no partition ${partition}`);
    return keys;
  }

  /** Those of the partition that an owner belongs to. */
  of(owner: TokenOwner): PartitionKeys {
    return this.at(this.partitionOf(owner));
  }
}
