import { type UserRef, userRef } from '../../domain/model.ts';
import type { BeatReply, Leases } from '../port/leases.ts';
import type { Shards } from './shards.ts';

const GENERATION = 'memory';

/** The data cannot outlive its only node: there is nothing to fence, and nothing is ever lost. */
export class MemoryLeases implements Leases {
  readonly #shards: Shards;

  constructor(shards: Shards) {
    this.#shards = shards;
  }

  async beat(partition: number): Promise<BeatReply> {
    const { clock, last, micros } = this.#shards.at(partition);
    const calm = { fenced: false, lost: false, holdMs: 0, young: false, stuck: false };
    return { ...calm, gen: GENERATION, clock: clock.now(), last, micros, shiftMs: 0 };
  }

  async retire(): Promise<void> {}

  async held(partition: number, node: string): Promise<UserRef[]> {
    const rows = [...this.#shards.at(partition).rows];
    return rows.filter(([, row]) => row.nodes.has(node)).map(([key]) => userRef(key));
  }
}
