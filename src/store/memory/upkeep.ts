import { before, isForgettable } from '../../domain/evaluate.ts';
import { putOutUntil } from '../../domain/put-out.ts';
import type { ReapReply, SweepReply, Upkeep } from '../port/upkeep.ts';
import { timeOfDay } from './memory-partition.ts';
import type { Shards } from './shards.ts';

export class MemoryUpkeep implements Upkeep {
  readonly #shards: Shards;

  constructor(shards: Shards) {
    this.#shards = shards;
  }

  async reap(): Promise<ReapReply> {
    return { fenced: 0, users: 0 };
  }

  async sweep(partition: number): Promise<SweepReply> {
    const shard = this.#shards.at(partition);
    const { now } = shard;
    const due = shard.due(now);
    for (const [ref, row] of due) {
      shard.settle(ref, row, now, before(row));
      if (isForgettable(row, this.#shards.policy, now, timeOfDay(now))) shard.drop(ref);
    }
    const { policy } = this.#shards;
    shard.placeIndex.forgetPutOut((word) => putOutUntil(word, policy) <= timeOfDay(now));
    shard.publish();
    return { swept: due.length, more: false };
  }
}
