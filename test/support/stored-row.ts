import type { Redis } from 'ioredis';
import { deviceList } from '../../src/domain/devices.ts';
import type { Device, Status } from '../../src/domain/model.ts';

/** A row as row-codec.lua packs it. */
export interface StoredRow {
  readonly layout: number;
  readonly status: Status;
  readonly ver: number;
  readonly since: number;
  readonly nextDeadline: number;
  readonly goneActiveAt: number;
  readonly nodes: readonly StoredHolding[];
  readonly grace: { readonly at: number; readonly graceMs: number; readonly lost: boolean } | undefined;
  /** What few rows have. */
  readonly rare: {
    readonly groups?: string;
    readonly places?: readonly { readonly place: string; readonly since: number }[];
  };
}

export interface StoredHolding {
  readonly node: string;
  readonly stance: 'own' | 'inheritedActive' | 'inheritedIdle';
  readonly idle: boolean;
  readonly devices: readonly Device[];
  readonly count: number;
  readonly openedAt: number;
  readonly activeAt: number;
}

const STATUSES = ['offline', 'online', 'away', 'busy'] as const;
const STANCES = ['own', 'inheritedActive', 'inheritedIdle'] as const;
const HEAD_BYTES = 4 + 4 * 8;
const GRACE_BYTES = 2 + 2 * 8;
const DUE_AT = 4 + 2 * 8;

/** Reads what is stored of a user behind the store's back; undefined where nothing is. */
export const readStoredRow = async (redis: Redis, key: string): Promise<StoredRow | undefined> => {
  const packed = await redis.getBuffer(key);
  if (packed === null) return undefined;
  const layout = packed.readUInt8(0);
  // Layout 4 counts the nodes in two bytes.
  const wide = layout === 4 ? 1 : 0;
  let at = HEAD_BYTES + wide;
  const nodes = Array.from(
    { length: wide ? packed.readUInt16LE(3) : packed.readUInt8(3) },
    (): StoredHolding => {
      const flags = packed.readUInt8(at);
      const nodeBytes = packed.readUInt8(at + 20);
      const holding = {
        node: packed.toString('utf8', at + 21, at + 21 + nodeBytes),
        stance: STANCES[flags % 3] ?? 'own',
        idle: flags >= 3,
        devices: deviceList(packed.readUInt8(at + 1)),
        count: packed.readUInt16LE(at + 2),
        openedAt: packed.readDoubleLE(at + 4),
        activeAt: packed.readDoubleLE(at + 12),
      };
      at += 21 + nodeBytes;
      return holding;
    },
  );
  const hasGrace = packed.readUInt8(1) % 2 === 1;
  const rareAt = at + (hasGrace ? GRACE_BYTES : 0);
  return {
    layout,
    status: STATUSES[packed.readUInt8(2)] ?? 'offline',
    ver: packed.readDoubleLE(4 + wide),
    since: packed.readDoubleLE(12 + wide),
    nextDeadline: packed.readDoubleLE(DUE_AT + wide),
    goneActiveAt: packed.readDoubleLE(28 + wide),
    nodes,
    grace: hasGrace
      ? {
          at: packed.readDoubleLE(at + 2),
          graceMs: packed.readDoubleLE(at + 10),
          lost: packed.readUInt8(at) >= 2,
        }
      : undefined,
    rare: packed.readUInt8(1) >= 2 ? await readRare(redis, packed.subarray(rareAt)) : {},
  };
};

/** Redis itself reads its MessagePack. */
const readRare = async (redis: Redis, packed: Buffer): Promise<StoredRow['rare']> => {
  const json = await redis.eval('return cjson.encode(cmsgpack.unpack(ARGV[1]))', 0, packed);
  return JSON.parse(String(json)) as StoredRow['rare'];
};

/** Moves the deadline of a stored row. */
export const setStoredDeadline = async (redis: Redis, key: string, due: number): Promise<void> => {
  const packed = Buffer.alloc(8);
  packed.writeDoubleLE(due);
  await redis.call('SETRANGE', key, DUE_AT, packed);
};
