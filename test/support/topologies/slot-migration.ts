import type { RedisServer } from '../redis-server.ts';

interface Party {
  readonly server: RedisServer;
  readonly id: string;
}

export interface SlotMigration {
  readonly slot: number;
  readonly from: Party;
  readonly to: Party;
  /** The other masters, which are told of the new owner instead of having to hear of it. */
  readonly others: readonly RedisServer[];
}

const KEYS_AT_ONCE = 100;
const MIGRATE_MS = 5000;

/** What `redis-cli --cluster reshard` does: keys move a hundred at a time while the slot is open on both sides. */
export const migrateSlot = async ({ slot, from, to, others }: SlotMigration): Promise<void> => {
  await to.server.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await from.server.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
  const { host, port } = to.server;
  for (;;) {
    const keys = (await from.server.call('CLUSTER', 'GETKEYSINSLOT', slot, KEYS_AT_ONCE)) as string[];
    if (keys.length === 0) break;
    await from.server.call('MIGRATE', host, port, '', 0, MIGRATE_MS, 'REPLACE', 'KEYS', ...keys);
  }
  // The new owner first: else nobody would own the slot for a moment.
  for (const server of [to.server, from.server, ...others]) {
    await server.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
  }
};
