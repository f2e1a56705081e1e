import { deviceMask } from '../../domain/devices.ts';
import type { OwnClaim, Status, UserRef, View } from '../../domain/model.ts';
import type { PartitionKeys } from '../../redis/keys.ts';
import type { Entry } from '../presence-store.ts';
import type { StoreOptions } from '../store-options.ts';

/** How the stored rows and the scripts spell a status. */
const STATUS_LETTER: Readonly<Record<Status, string>> = {
  online: 'o',
  away: 'a',
  busy: 'b',
  offline: 'f',
};

/** The policy as every script takes it; see `parsePolicy` in context.lua. */
export const encodePolicy = (options: StoreOptions, tenantChannel: string): string => {
  const { idleAwayMs, idleOfflineMs, graceMs, retentionMs } = options.policy;
  const { heartbeatIntervalMs, heartbeatTtlMs, lastSeen } = options;
  return `${idleAwayMs} ${idleOfflineMs} ${graceMs} ${retentionMs} ${heartbeatIntervalMs} ${heartbeatTtlMs} ${lastSeen} ${tenantChannel}`;
};

/** Keys and arguments of some users, as `entries.lua` takes them. */
export interface Users {
  readonly keys: string[];
  readonly args: (string | number)[];
}

/** @param rest - what the script takes of each user after the tenant's position and the user. */
export const encodeUsers = <T extends UserRef>(
  keys: PartitionKeys,
  users: readonly T[],
  rest: (user: T) => readonly (string | number)[],
): Users => {
  const tenants = new Map<string, number>();
  const userKeys: string[] = [];
  const userArgs: (string | number)[] = [];
  for (const user of users) {
    let position = tenants.get(user.tenant);
    if (position === undefined) {
      position = tenants.size + 1;
      tenants.set(user.tenant, position);
    }
    userKeys.push(keys.user(user), keys.more(user));
    userArgs.push(position, user.user, ...rest(user));
  }
  const tenantKeys = [...tenants.keys()].flatMap((t) => [keys.online(t), keys.away(t), keys.busy(t)]);
  return { keys: [...tenantKeys, ...userKeys], args: [tenants.size, ...tenants.keys(), ...userArgs] };
};

/** One entry of `apply.lua`. What a first connection does not need is left out: most entries are first connections. */
export const encodeEntry = (entry: Entry): [string, string] => {
  const { known } = entry;
  const rest = encodeRest(entry);
  const numbers = `${entry.count} ${ago(entry.activeAgo)} ${entry.idle ? 1 : 0} ${ago(entry.openedAgo)} ${deviceMask(entry.devices)}`;
  if (known === undefined && entry.closedAgo < 0 && rest === '') return [numbers, rest];
  const view = known
    ? `${STATUS_LETTER[known.status]} ${known.ver} ${known.since} ${known.lastSeen ?? 0}`
    : 'f 0 0 0';
  return [`${numbers} ${ago(entry.closedAgo)} ${entry.graceMs} ${entry.iat} ${view}`, rest];
};

/** Whole milliseconds: scripts take digits. */
const ago = (ms: number): number => (ms < 0 ? -1 : Math.round(ms));

const encodeRest = ({ name, groups, claim, known }: Entry): string => {
  const shown = known && encodeShown(known);
  if (name === undefined && groups === undefined && claim === undefined && shown === undefined) return '';
  return JSON.stringify({ name, groups: groups && JSON.stringify(groups), claim, shown });
};

const encodeShown = ({ text, emoji, until }: View): object | undefined =>
  text === undefined && emoji === undefined && until === undefined ? undefined : { text, emoji, until };

/** A view as `repair.lua` takes it. */
export const encodeKnown = ({ status, ver, since, lastSeen, text, emoji, until }: View): string =>
  JSON.stringify({ status, ver, since, lastSeen, text, emoji, until });

export const encodeClaim = (claim: Omit<OwnClaim, 'stamp'>): string =>
  JSON.stringify({ status: claim.status, text: claim.text, emoji: claim.emoji, until: claim.until });
