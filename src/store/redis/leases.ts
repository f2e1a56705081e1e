import { type UserRef, userRef } from '../../domain/model.ts';
import { parseNodeRef } from '../../domain/node-ref.ts';
import { PLACE_LOG_BYTES } from '../log-entry.ts';
import type { Beat, BeatReply, Leases } from '../port/leases.ts';
import { decodeBeat } from './decode.ts';
import { listOf } from './raw-values.ts';
import type { RoleOptions } from './role.ts';

export interface LeasesOptions {
  readonly eventLogSeconds: number;
  /** In all partitions together. */
  readonly eventLogMax: number;
  /** Of what happens in places; absent: {@link PLACE_LOG_BYTES}. */
  readonly placeLogBytes?: number;
  /** A fresh, unique generation name. */
  readonly newGeneration: () => string;
}

export class RedisLeases implements Leases {
  readonly #role: RoleOptions;
  readonly #options: LeasesOptions;

  constructor(role: RoleOptions, options: LeasesOptions) {
    this.#role = role;
    this.#options = options;
  }

  async beat(partition: number, beat: Beat): Promise<BeatReply> {
    const { caller, policy } = this.#role;
    const keys = this.#role.keys.at(partition);
    const { id, epoch } = parseNodeRef(beat.node);
    const { eventLogSeconds, eventLogMax, placeLogBytes = PLACE_LOG_BYTES, newGeneration } = this.#options;
    return decodeBeat(
      await caller.run(
        'beat',
        [
          keys.meta,
          keys.beat(beat.node),
          keys.fence(id),
          keys.nodeMeta(beat.node),
          keys.log,
          keys.nodes,
          keys.seq(beat.node),
        ],
        [
          policy,
          epoch,
          beat.gen ?? '',
          beat.seen,
          beat.acked,
          Math.round(beat.lagMs),
          newGeneration(),
          eventLogSeconds,
          Math.ceil(eventLogMax / this.#role.keys.partitions),
          beat.node,
          beat.delivered ?? 0,
          Math.floor(beat.time ?? 0),
          beat.stuck === true ? 1 : 0,
          Math.ceil(placeLogBytes / this.#role.keys.partitions),
        ],
      ),
    );
  }

  async retire(partition: number, node: string): Promise<void> {
    const keys = this.#role.keys.at(partition);
    const { id, epoch } = parseNodeRef(node);
    const own = [keys.beat(node), keys.fence(id), keys.node(node), keys.nodeMeta(node), keys.seq(node)];
    await this.#role.caller.run('retire', [...own, keys.nodes], [node, epoch]);
  }

  async held(partition: number, node: string): Promise<UserRef[]> {
    const { caller, keys } = this.#role;
    const members = listOf('apply', await caller.command('HKEYS', keys.at(partition).node(node)));
    return members.map((member) => userRef(String(member)));
  }
}
