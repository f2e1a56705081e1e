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
  readonly whileOpen?: () => Promise<unknown>;
}

const KEYS_AT_ONCE = 100;
/** So many move before a test may look at the slot half open: some of a partition that is in use, never all. */
const FIRST_KEYS = 2;
const MIGRATE_MS = 5000;

/** What `redis-cli --cluster reshard` does: keys move a hundred at a time while the slot is open on both sides. */
export const migrateSlot = async ({ slot, from, to, others, whileOpen }: SlotMigration): Promise<void> => {
  await to.server.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await from.server.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
  const { host, port } = to.server;
  const moveSome = async (count: number): Promise<boolean> => {
    const keys = (await from.server.call('CLUSTER', 'GETKEYSINSLOT', slot, count)) as string[];
    if (keys.length === 0) return false;
    await from.server.call('MIGRATE', host, port, '', 0, MIGRATE_MS, 'REPLACE', 'KEYS', ...keys);
    return true;
  };
  if (whileOpen !== undefined) {
    await moveSome(FIRST_KEYS);
    await whileOpen();
  }
  while (await moveSome(KEYS_AT_ONCE));
  // The new owner first: else nobody would own the slot for a moment.
  for (const server of [to.server, from.server, ...others]) {
    await server.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
  }
};
