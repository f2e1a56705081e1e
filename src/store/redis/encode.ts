import { adornmentOf, saysSomething } from '../../domain/adornment.ts';
import { deviceMask } from '../../domain/devices.ts';
import type { Status, UserRef, View } from '../../domain/model.ts';
import type { PartitionKeys } from '../../redis/keys.ts';
import type { CallerProfile, ClaimRequest, NoteRequest, ServiceClaim } from '../port/people.ts';
import type { Batch, Entry, PlaceReport } from '../port/reports.ts';
import type { StoreOptions } from '../store-options.ts';

/** How the stored rows and the functions number a status; see row.lua. */
const STATUS_CODE: Readonly<Record<Status, number>> = { offline: 0, online: 1, away: 2, busy: 3 };

/** The policy as every script takes it; see `parsePolicy` in context.lua. */
export const encodePolicy = (options: StoreOptions, tenantChannel: string): string => {
  const { idleAwayMs, idleOfflineMs, graceMs, retentionMs, revocationMs } = options.policy;
  const { burst, intervalMs } = options.policy.damping ?? { burst: 0, intervalMs: 0 };
  const { heartbeatIntervalMs, heartbeatTtlMs, lastSeen } = options;
  return `${idleAwayMs} ${idleOfflineMs} ${graceMs} ${retentionMs} ${revocationMs} ${heartbeatIntervalMs} ${heartbeatTtlMs} ${burst} ${intervalMs} ${lastSeen} ${tenantChannel}`;
};

/** Keys and arguments of some users, as `openEntries` of entries.lua takes them. */
export interface Users {
  readonly keys: string[];
  readonly args: (string | number)[];
}

/** The tenants of some users, without duplicates, and the keys of both. */
const encodeTenants = (
  keys: PartitionKeys,
  users: readonly UserRef[],
): {
  readonly tenants: ReadonlyMap<string, number>;
  readonly tenantKeys: string[];
  readonly keys: string[];
} => {
  const tenants = new Map<string, number>();
  for (const { tenant } of users) if (!tenants.has(tenant)) tenants.set(tenant, tenants.size + 1);
  const tenantKeys = [...tenants.keys()].flatMap((t) => [keys.online(t), keys.away(t), keys.busy(t)]);
  return { tenants, tenantKeys, keys: users.map((user) => keys.user(user)) };
};

/** @param rest - what the function takes of each user after the tenant's position and the user. */
export const encodeUsers = <T extends UserRef>(
  keys: PartitionKeys,
  users: readonly T[],
  rest: (user: T) => readonly (string | number)[],
): Users => {
  const { tenants, tenantKeys, keys: userKeys } = encodeTenants(keys, users);
  const args = users.flatMap((user) => [tenants.get(user.tenant) ?? 0, user.user, ...rest(user)]);
  return {
    keys: [...tenantKeys, ...userKeys],
    args: [tenants.size, keys.groups, ...tenants.keys(), ...args],
  };
};

/**
 * A batch as apply.lua takes it: packed into one argument, because each argument costs Redis more than reading its
 * numbers does.
 */
export const encodeBatch = (
  keys: PartitionKeys,
  epoch: number,
  { node, gen, seen, base, seq, entries }: Batch,
): { readonly tenantKeys: string[]; readonly keys: string[]; readonly packed: Buffer } => {
  const { tenants, tenantKeys, keys: userKeys } = encodeTenants(keys, entries);
  const head = Buffer.allocUnsafe(4 * 8 + 2);
  let at = 0;
  for (const number of [epoch, seen, base, seq]) at = head.writeDoubleLE(number, at);
  head.writeUInt16LE(tenants.size, at);
  const names = [node, gen, keys.groups, ...tenants.keys()].map(withLength);
  const packed = entries.map((entry) => packEntry(entry, tenants.get(entry.tenant) ?? 0));
  return { tenantKeys, keys: userKeys, packed: Buffer.concat([head, ...names, ...packed]) };
};

const withLength = (name: string): Buffer => {
  const bytes = Buffer.from(name);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
};

/** Bytes of an entry before the user: `HI4BBB`, nine doubles and a length. */
const FIXED_BYTES = 2 + 4 + 3 + 9 * 8 + 1;

/** See `ENTRY` in apply.lua. */
const packEntry = (entry: Entry, tenant: number): Buffer => {
  const { known, user, iat } = entry;
  const rest = encodeRest(entry);
  const userBytes = Buffer.byteLength(user);
  const restBytes = Buffer.byteLength(rest);
  const packed = Buffer.allocUnsafe(FIXED_BYTES + userBytes + 4 + restBytes);
  let at = packed.writeUInt16LE(tenant, 0);
  at = packed.writeUInt32LE(entry.count, at);
  const flags =
    (entry.idle ? 1 : 0) +
    (entry.asks ? 2 : 0) +
    (entry.openedIdle ? 4 : 0) +
    (entry.watchedAgo === undefined ? 0 : 8) +
    (entry.isRevoked ? 16 : 0);
  at = packed.writeUInt8(flags, at);
  at = packed.writeUInt8(STATUS_CODE[known?.status ?? 'offline'], at);
  at = packed.writeUInt8(deviceMask(entry.devices), at);
  at = packed.writeDoubleLE(ago(entry.activeAgo), at);
  at = packed.writeDoubleLE(ago(entry.openedAgo), at);
  at = packed.writeDoubleLE(ago(entry.closedAgo), at);
  at = packed.writeDoubleLE(Math.round(entry.graceMs), at);
  at = packed.writeDoubleLE(iat, at);
  at = packed.writeDoubleLE(entry.oldestIat ?? iat, at);
  at = packed.writeDoubleLE(known?.ver ?? 0, at);
  at = packed.writeDoubleLE(known?.since ?? 0, at);
  at = packed.writeDoubleLE(known?.lastSeen ?? 0, at);
  at = packed.writeUInt8(userBytes, at);
  at += packed.write(user, at);
  at = packed.writeUInt32LE(restBytes, at);
  packed.write(rest, at);
  return packed;
};

/** Whole milliseconds: fractions would cost digits. */
const ago = (ms: number): number => (ms < 0 ? -1 : Math.round(ms));

const encodeRest = (entry: Entry): string => {
  const {
    name,
    groups,
    iat,
    nameIat = iat,
    groupsIat = iat,
    claim,
    note,
    known,
    watchedAgo,
    idleDevices,
  } = entry;
  const shown = known && encodeShown(known);
  const places = entry.places?.map(encodePlace);
  const rare = [name, groups, claim, note, shown, watchedAgo, idleDevices, places];
  if (rare.every((each) => each === undefined)) return '';
  return JSON.stringify({
    ...{ name, groups: groups && JSON.stringify(groups), claim, note, shown, places },
    ...(watchedAgo !== undefined && { watchedAgo: ago(watchedAgo) }),
    ...(idleDevices && { idleDevices: deviceMask(idleDevices) }),
    ...(nameIat !== iat && { nameIat }),
    ...(groupsIat !== iat && { groupsIat }),
  });
};

const encodePlace = ({ enteredAgo, closedAgo, leftAgo, ...same }: PlaceReport): object => ({
  ...{ ...same, enteredAgo: ago(enteredAgo) },
  ...(closedAgo !== undefined && { closedAgo: ago(closedAgo) }),
  ...(leftAgo !== undefined && { leftAgo: ago(leftAgo) }),
});

const encodeShown = ({ text, emoji, until, note }: View): object | undefined =>
  text === undefined && emoji === undefined && until === undefined && note === undefined
    ? undefined
    : { text, emoji, until, note };

/** A view as `repair.lua` takes it. */
export const encodeKnown = ({ status, ver, since, lastSeen, text, emoji, until, note }: View): string =>
  JSON.stringify({ status, ver, since, lastSeen, text, emoji, until, note });

/** See note.lua: an end alone is none. */
export const encodeNote = (note: NoteRequest): string =>
  JSON.stringify(saysSomething(note) ? adornmentOf(note) : {});

export const encodeClaim = (claim: ClaimRequest | ServiceClaim): string => {
  const { status, text, emoji, until } = claim;
  return JSON.stringify({
    ...{ status, text, emoji, until },
    ...('priority' in claim && {
      ...{ priority: claim.priority, at: claim.at, from: claim.from, leaseMs: claim.leaseMs },
    }),
  });
};

/** See profile.lua. */
export const encodeProfile = ({ name, groups, iat, issued }: CallerProfile): string =>
  JSON.stringify({ name, groups: groups && JSON.stringify(groups), iat, issued });
