import type { StoreMs } from '../../domain/clock.ts';
import { type UserRef, userRef } from '../../domain/model.ts';
import { parseNodeRef } from '../../domain/node-ref.ts';
import { type RawReply, UnexpectedReply } from '../../redis/functions.ts';
import type { PartitionKeys } from '../../redis/keys.ts';
import { MAX_BATCH } from '../port/reports.ts';
import type { ReapReply, SweepReply, Upkeep } from '../port/upkeep.ts';
import { encodeUsers } from './encode.ts';
import { listOf, number } from './raw-values.ts';
import type { RoleOptions } from './role.ts';

/**
 * The periodic jobs of one partition. Both look with plain reads first and then let a script decide again what is
 * true, so any node may run them at any time, several at once.
 */
export class RedisUpkeep implements Upkeep {
  readonly #role: RoleOptions;
  readonly #ttlMs: number;

  /** @param ttlMs - how long a lease lasts. */
  constructor(role: RoleOptions, ttlMs: number) {
    this.#role = role;
    this.#ttlMs = ttlMs;
  }

  async reap(partition: number): Promise<ReapReply> {
    const { caller } = this.#role;
    const keys = this.#role.keys.at(partition);
    const nodes = listOf('reap', await caller.command('SMEMBERS', keys.nodes)).map(String);
    const beating = await Promise.all(nodes.map((node) => caller.command('PTTL', keys.beat(node))));
    const total = { fenced: 0, users: 0 };
    // A lease with longer left than any lease lasts was granted by another clock.
    const isLease = (left: RawReply | undefined): boolean =>
      typeof left === 'number' && left >= 0 && left <= this.#ttlMs;
    for (const node of nodes.filter((_, i) => !isLease(beating[i]))) {
      const { fenced, users } = await this.#reapNode(keys, node);
      total.fenced += fenced;
      total.users += users;
    }
    return total;
  }

  async #reapNode(keys: PartitionKeys, node: string): Promise<ReapReply> {
    const { id, epoch } = parseNodeRef(node);
    const total = { fenced: 0, users: 0 };
    for (;;) {
      const users = await this.#peekHeld(keys, node);
      const encoded = encodeUsers(keys, users, () => []);
      const fixed = [keys.meta, keys.log, keys.events, keys.due, keys.nodes, keys.fence(id), keys.node(node)];
      const reply = listOf(
        'reap',
        await this.#role.caller.run(
          'reap',
          [...fixed, keys.nodeMeta(node), keys.beat(node), keys.seq(node), ...encoded.keys],
          [this.#role.policy, node, epoch, ...encoded.args],
        ),
      );
      if (reply[0] === 'hold' || reply[0] === 'alive') return total;
      if (reply[0] !== 'ok') throw new UnexpectedReply('reap', reply);
      total.fenced += number('reap', reply[1]);
      total.users += number('reap', reply[2]);
      if (number('reap', reply[3]) === 0) return total;
    }
  }

  /** Some of the users that a node is listed to hold: at most one batch, however long the list. */
  async #peekHeld(keys: PartitionKeys, node: string): Promise<UserRef[]> {
    const held = await this.#role.caller.command('HRANDFIELD', keys.node(node), MAX_BATCH);
    return listOf('reap', held ?? []).map((member) => userRef(String(member)));
  }

  /** @param time - the partition's time as reckoned now: what falls due later is left to the next run. */
  async sweep(partition: number, time: StoreMs): Promise<SweepReply> {
    const keys = this.#role.keys.at(partition);
    const until = Math.ceil(time);
    const due = listOf(
      'sweep',
      await this.#role.caller.command('ZRANGEBYSCORE', keys.due, '-inf', until, 'LIMIT', 0, MAX_BATCH),
    );
    if (due.length === 0) return { swept: 0, more: false };
    const users = encodeUsers(
      keys,
      due.map((member) => userRef(String(member))),
      () => [],
    );
    const fixed = [keys.meta, keys.log, keys.events, keys.due, keys.nodes];
    const swept = number(
      'sweep',
      await this.#role.caller.run(
        'sweep',
        [...fixed, ...users.keys],
        [this.#role.policy, keys.beats, until, ...users.args],
      ),
    );
    return { swept: Math.max(swept, 0), more: swept > 0 && due.length === MAX_BATCH };
  }
}
