import type { View } from '../../domain/model.ts';
import { parseNodeRef } from '../../domain/node-ref.ts';
import { positionsByPartition } from '../partition.ts';
import type { ApplyReply, Batch, Reports } from '../port/reports.ts';
import { StoreError } from '../port/store-error.ts';
import { decodeApply } from './decode.ts';
import { encodeBatch, encodeKnown, encodeUsers } from './encode.ts';
import { number } from './raw-values.ts';
import type { RoleOptions } from './role.ts';

export class RedisReports implements Reports {
  readonly #role: RoleOptions;

  constructor(role: RoleOptions) {
    this.#role = role;
  }

  async apply(partition: number, batch: Batch): Promise<ApplyReply> {
    const { caller, policy } = this.#role;
    const keys = this.#role.keys.at(partition);
    const { id, epoch } = parseNodeRef(batch.node);
    const users = encodeBatch(keys, epoch, batch);
    const own = [keys.meta, keys.log, keys.events, keys.due, keys.nodes, keys.node(batch.node)];
    const reply = await caller.run(
      'apply',
      [...own, ...users.tenantKeys, keys.fence(id), keys.seq(batch.node), ...users.keys],
      [policy, users.packed],
    );
    return decodeApply(reply, batch.entries);
  }

  replicated(partition: number): Promise<boolean> {
    const { caller, keys } = this.#role;
    return caller.isReplicated(keys.at(partition));
  }

  async restore(tenant: string, known: readonly View[]): Promise<void> {
    const { keys } = this.#role;
    const shown = known.filter((view) => view.ver > 0).map((view) => ({ tenant, user: view.user, view }));
    const groups = positionsByPartition(shown, (ref) => keys.partitionOf(ref));
    await Promise.all(
      [...groups].map(([partition, group]) =>
        this.#repair(
          partition,
          group.map(({ item }) => item),
        ),
      ),
    );
  }

  async #repair(
    partition: number,
    shown: readonly { tenant: string; user: string; view: View }[],
  ): Promise<void> {
    const { caller, policy } = this.#role;
    const keys = this.#role.keys.at(partition);
    const users = encodeUsers(keys, shown, ({ view }) => [encodeKnown(view)]);
    const repaired = await caller.run(
      'repair',
      [keys.meta, keys.log, keys.events, keys.due, keys.nodes, ...users.keys],
      [policy, keys.beats, ...users.args],
    );
    if (number('repair', repaired) < 0) throw new StoreError('unavailable', 'the partition is on hold');
  }
}
