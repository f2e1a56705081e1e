import { crc32 } from 'node:zlib';
import { subOf, type TokenOwner } from '../domain/model.ts';
import { MAX_BATCH } from './port/reports.ts';

/** How users are spread over the partitions of a store. */
export interface Partitioning {
  readonly partitions: number;
  partitionOf(owner: TokenOwner): number;
}

/**
 * The partition of a user, or of a service's row. Neither it nor the number of partitions can ever change for a
 * deployment.
 */
export const partitionOf = (owner: TokenOwner, partitions: number): number =>
  crc32(`${owner.tenant}\0${subOf(owner)}`) % partitions;

/** Positions of `items` by partition, so that each partition is called once. */
export const positionsByPartition = <T>(
  items: readonly T[],
  partitionOf: (item: T) => number,
): Map<number, { item: T; position: number }[]> => {
  const groups = new Map<number, { item: T; position: number }[]>();
  items.forEach((item, position) => {
    const partition = partitionOf(item);
    const group = groups.get(partition);
    if (group) group.push({ item, position });
    else groups.set(partition, [{ item, position }]);
  });
  return groups;
};

/** The same in batches of bounded size: a call must not block all others of its partition. */
export const batchesByPartition = <T>(
  items: readonly T[],
  partitionOf: (item: T) => number,
): [partition: number, batch: { item: T; position: number }[]][] =>
  [...positionsByPartition(items, partitionOf)].flatMap(([partition, group]) =>
    Array.from({ length: Math.ceil(group.length / MAX_BATCH) }, (_, i): [number, typeof group] => [
      partition,
      group.slice(i * MAX_BATCH, (i + 1) * MAX_BATCH),
    ]),
  );
