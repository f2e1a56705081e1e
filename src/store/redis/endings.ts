import { type DeviceMask, deviceBit } from '../../domain/devices.ts';
import { EARLIEST_MS, revocationBefore } from '../../domain/ending.ts';
import { type Device, rowOfOwner, type TokenOwner, type UserRef } from '../../domain/model.ts';
import type { EndingKind } from '../../domain/row.ts';
import type { PresenceEnding } from '../log-entry.ts';
import type { Endings, Revocation } from '../port/endings.ts';
import { decodeRevocations } from './decode.ts';
import { encodeUsers } from './encode.ts';
import type { RoleOptions } from './role.ts';

export class RedisEndings implements Endings {
  readonly #role: RoleOptions;

  constructor(role: RoleOptions) {
    this.#role = role;
  }

  end(ref: UserRef, how: PresenceEnding): Promise<void> {
    return this.#finish(ref, how);
  }

  disconnect(ref: UserRef, device: Device): Promise<void> {
    return this.#finish(ref, 'disconnect', deviceBit(device));
  }

  async revoke(owner: TokenOwner, before?: number): Promise<void> {
    const { caller, keys } = this.#role;
    const row = rowOfOwner(owner);
    if (before === undefined) await this.#finish(row, 'revoke');
    else if (before >= EARLIEST_MS) {
      await this.refuse(keys.partitionOf(row), [{ ...owner, at: revocationBefore(before) }]);
    }
    await caller.awaitReplicas(keys.of(row));
  }

  async forget(ref: UserRef): Promise<void> {
    const { caller, keys } = this.#role;
    await this.#finish(ref, 'forget');
    await caller.awaitReplicas(keys.of(ref));
  }

  async revocations(): Promise<Revocation[]> {
    const { caller, policy, keys } = this.#role;
    const lists = await Promise.all(
      keys.all.map(({ meta, revoked }) => caller.ask('revoked', [meta, revoked], [policy])),
    );
    return lists.flatMap(decodeRevocations);
  }

  async refuse(partition: number, revocations: readonly Revocation[]): Promise<void> {
    if (revocations.length === 0) return;
    const { caller, policy } = this.#role;
    const keys = this.#role.keys.at(partition);
    const rows = revocations.map((one) => ({ ...rowOfOwner(one), at: one.at }));
    const users = encodeUsers(keys, rows, ({ at }) => [at]);
    const own = [keys.meta, keys.log, keys.events, keys.due, keys.revoked];
    await caller.ask('refuse', [...own, ...users.keys], [policy, ...users.args]);
  }

  async #finish(ref: UserRef, how: EndingKind, bit: DeviceMask = 0): Promise<void> {
    const { caller, policy } = this.#role;
    const keys = this.#role.keys.of(ref);
    const users = encodeUsers(keys, [ref], () => [how, keys.node(''), bit]);
    const own = [keys.meta, keys.log, keys.events, keys.due, keys.revoked];
    await caller.ask('finish', [...own, ...users.keys], [policy, ...users.args]);
  }
}
