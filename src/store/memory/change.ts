import { type HybridMicros, type StoreMicros, type StoreMs, toMs } from '../../domain/clock.ts';
import { before, type Circumstances } from '../../domain/evaluate.ts';
import type { UserRef } from '../../domain/model.ts';
import type { Row } from '../../domain/row.ts';
import type { SelfView } from '../port/views.ts';
import type { MemoryPartition } from './memory-partition.ts';
import { usedSelfOf } from './self.ts';
import type { Shards } from './shards.ts';

/** The current call: the row of its user, and its moment. */
export interface Call {
  readonly shard: MemoryPartition;
  readonly ref: UserRef;
  readonly row: Row;
  readonly order: HybridMicros;
  readonly at: StoreMicros;
  readonly now: StoreMs;
  /** The circumstances of the evaluation that only the change itself finds out. */
  readonly more: { deliberate?: Circumstances['deliberate'] };
}

/**
 * One change of one user, decided and published at once.
 * @param inputs - throws before it changes anything, and may return a step to run once all is decided.
 */
export const change = (
  shards: Shards,
  ref: UserRef,
  how: Pick<Partial<Circumstances>, 'deliberate' | 'repair'>,
  inputs: (call: Call) => (() => void) | undefined,
): SelfView => {
  const shard = shards.of(ref);
  const order = shard.clock.now();
  const at = shard.micros;
  const now = toMs(at);
  const known = shard.peek(ref);
  const was = before(known);
  const more = {};
  const after = inputs({ shard, ref, row: known, order, at, now, more });
  shard.keep(ref, known);
  shard.settle(ref, known, now, was, { ...how, ...more });
  after?.();
  shard.publish();
  return usedSelfOf(shard, ref, known);
};
