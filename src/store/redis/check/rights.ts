import { redisErrorCode } from '../../../redis/client.ts';
import type { Keys } from '../../../redis/keys.ts';

/** Every command run on keys, by functions and by nodes themselves; the arguments only have to be valid. */
const ON_KEYS: readonly (readonly string[])[] = [
  ['DEL'],
  ['EXISTS'],
  ['PTTL'],
  ['GET'],
  ['HDEL', 'f'],
  ['HEXISTS', 'f'],
  ['HGET', 'f'],
  ['HGETALL'],
  ['HINCRBY', 'f', '1'],
  ['HKEYS'],
  ['HLEN'],
  ['HMGET', 'f'],
  ['HRANDFIELD', '1'],
  ['HSET', 'f', 'v'],
  ['HSETNX', 'f', 'v'],
  ['MGET'],
  ['MSET', 'v'],
  ['PEXPIRE', '1000'],
  ['SADD', 'm'],
  ['SET', 'v'],
  ['SMEMBERS'],
  ['SREM', 'm'],
  ['XADD', '*', 'f', 'v'],
  ['XDEL', '0-1'],
  ['XLEN'],
  ['XRANGE', '-', '+'],
  ['XTRIM', 'MAXLEN', '1'],
  ['ZADD', '0', 'm'],
  ['ZCARD'],
  ['ZMSCORE', 'm'],
  ['ZRANGE', '0', '1'],
  ['ZRANGEBYSCORE', '0', '1'],
  ['ZREM', 'm'],
  ['ZREMRANGEBYSCORE', '0', '1'],
];

export interface Rights {
  /** Commands with their arguments, for the permission check of Redis. */
  readonly commands: readonly (readonly string[])[];
  /** What the administrator has to grant, by position in {@link commands}. */
  readonly names: readonly string[];
}

export interface RightsOptions {
  readonly keys: Keys;
  readonly prefix: string;
  readonly isCluster: boolean;
  readonly publishTenantEvents: boolean;
  readonly writeReplicas: number;
}

/** What a node runs on a Redis with these settings. The rule that grants it all is in docs/redis.md. */
export const rightsNeeded = (options: RightsOptions): Rights => {
  const { keys, isCluster, publishTenantEvents, writeReplicas } = options;
  const { meta: key = '', events: channel = '' } = keys.partitions[0] ?? {};
  const commands: (readonly string[])[] = [
    ...ON_KEYS.map(([name = '', ...rest]) => [name, key, ...rest]),
    ['XINFO', 'STREAM', key],
    ['ZINTERCARD', '1', key],
    ['SPUBLISH', channel, ''],
    ['SSUBSCRIBE', channel],
    ['TIME'],
  ];
  if (publishTenantEvents) commands.push(['PUBLISH', `${keys.tenantEvents}default`, '']);
  if (writeReplicas > 0) commands.push(['WAIT', '1', '1']);
  if (isCluster) commands.push(['CLUSTER', 'INFO'], ['CLUSTER', 'SLOTS']);
  return { commands, names: commands.map(nameOf) };
};

const nameOf = ([command = '', subcommand = '']: readonly string[]): string =>
  `+${(['XINFO', 'CLUSTER', 'FUNCTION'].includes(command) ? `${command}|${subcommand}` : command).toLowerCase()}`;

const CHANNELS = ['+publish', '+spublish', '+ssubscribe'];

/**
 * What to report to the administrator: a whole class that is refused most likely lacks its pattern, not every
 * command.
 */
export const missingRights = (
  { names }: Rights,
  refused: readonly number[],
  prefix: string,
): readonly string[] => {
  const missing = new Set(refused.map((position) => names[position] ?? ''));
  const onKeys = [...ON_KEYS.map(nameOf), '+xinfo|stream', '+zintercard'];
  const lost: string[] = [];
  for (const [group, pattern] of [
    [onKeys, `~${prefix}:*`],
    [CHANNELS.filter((name) => names.includes(name)), `&${prefix}:*`],
  ] as const) {
    if (!group.every((name) => missing.has(name))) continue;
    for (const name of group) missing.delete(name);
    lost.push(pattern);
  }
  return [...lost, ...missing];
};

/** Runs a call that needs the named right. @throws NotAllowed when the user lacks it, and any other error unchanged. */
export const needing = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    throw redisErrorCode(error) === 'NOPERM' ? new NotAllowed(name, { cause: error }) : error;
  }
};

/** A right is missing without which no others can be asked about. */
export class NotAllowed extends Error {
  readonly code = 'not_allowed';
  readonly right: string;
  constructor(right: string, options: ErrorOptions) {
    super(`lacks ${right}`, options);
    this.name = 'NotAllowed';
    this.right = right;
  }
}
