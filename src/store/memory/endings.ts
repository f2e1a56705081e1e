import { deviceBit } from '../../domain/devices.ts';
import {
  covers,
  EARLIEST_MS,
  endAll,
  endDevice,
  endRefusedSessions,
  forget,
  revocationBefore,
  revoke,
  revokedUntil,
} from '../../domain/ending.ts';
import { type Device, ownerOfKey, rowOfOwner, type TokenOwner, type UserRef } from '../../domain/model.ts';
import type { PresenceEnding } from '../log-entry.ts';
import type { Endings, Revocation } from '../port/endings.ts';
import { change } from './change.ts';
import { timeOfDay } from './memory-partition.ts';
import type { Shards } from './shards.ts';

export class MemoryEndings implements Endings {
  readonly #shards: Shards;

  constructor(shards: Shards) {
    this.#shards = shards;
  }

  async end(ref: UserRef, how: PresenceEnding): Promise<void> {
    const deliberate = how === 'logout' ? 'goodbye' : 'revoked';
    change(this.#shards, ref, { deliberate }, ({ shard, row, at, now }) => {
      endAll(row, how, at, timeOfDay(now));
      return () => shard.command({ type: how, ref, at });
    });
  }

  async disconnect(ref: UserRef, device: Device): Promise<void> {
    change(this.#shards, ref, { deliberate: 'revoked' }, ({ shard, row, at }) => {
      endDevice(row, deviceBit(device), at);
      return () => shard.command({ type: 'disconnect_device', ref, at, device });
    });
  }

  async forget(ref: UserRef): Promise<void> {
    // Watchers that are sent `gone` for the user get no transition that says the user is gone, and no groups.
    const how = { deliberate: 'revoked', repair: true } as const;
    change(this.#shards, ref, how, ({ shard, row, order, at }) => {
      forget(row, order, at);
      return () => shard.command({ type: 'forget', ref, at });
    });
  }

  async revoke(owner: TokenOwner, before?: number): Promise<void> {
    if (before === undefined) this.#revokeAll(owner);
    else if (before >= EARLIEST_MS) this.#refuse({ ...owner, at: revocationBefore(before) });
  }

  async revocations(): Promise<Revocation[]> {
    const { all, policy } = this.#shards;
    return all.flatMap((shard) =>
      [...shard.rows]
        .filter(([, row]) => revokedUntil(row, policy) > shard.now)
        .map(([key, { revoked }]) => ({ ...ownerOfKey(key), at: revoked })),
    );
  }

  async refuse(_partition: number, revocations: readonly Revocation[]): Promise<void> {
    for (const revocation of revocations) this.#refuse(revocation);
  }

  #revokeAll(owner: TokenOwner): void {
    const ref = rowOfOwner(owner);
    change(this.#shards, ref, { deliberate: 'revoked' }, ({ shard, row, at, now }) => {
      endAll(row, 'revoke', at, timeOfDay(now));
      return () => shard.command({ type: 'revoke', ref: owner, at });
    });
  }

  #refuse({ at, ...owner }: Revocation): void {
    const ref = rowOfOwner(owner);
    const shard = this.#shards.of(ref);
    const isOver = at * 1000 + this.#shards.policy.revocationMs <= shard.now;
    if (isOver || covers(shard.peek(ref).revoked, at)) return;
    change(this.#shards, ref, {}, ({ row, more }) => {
      revoke(row, at);
      if (endRefusedSessions(row)) more.deliberate = 'revoked';
      return () => shard.command({ type: 'refuse', ref: owner, at });
    });
  }
}
