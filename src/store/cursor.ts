import { StoreError } from './port/store-error.ts';

/** A page's cursor: the partition and the last user returned, deliberately opaque. */
export const encodeCursor = (partition: number, after: string): string =>
  Buffer.from(JSON.stringify([partition, after])).toString('base64url');

/** @throws StoreError `invalid_cursor` */
export const decodeCursor = (cursor: string, partitions: number): { partition: number; after: string } => {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(parsed)) {
      const [partition, after] = parsed as unknown[];
      const isPartition =
        Number.isInteger(partition) && (partition as number) >= 0 && (partition as number) < partitions;
      if (isPartition && typeof after === 'string') return { partition: partition as number, after };
    }
  } catch {
    // Falls through: a cursor that cannot be decoded was not given by this service.
  }
  throw new StoreError('invalid_cursor', 'this cursor was not given by this service');
};
