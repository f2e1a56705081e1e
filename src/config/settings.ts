import { hostname } from 'node:os';
import { checkTogether } from './checks.ts';
import { ConfigError } from './config-error.ts';
import { FORMATS } from './formats.ts';
import { type Environment, readSetting } from './read.ts';
import { MEMORY_URL, parseRedisUrl } from './redis-url.ts';
import { readRedisUrlFile } from './redis-url-file.ts';
import { SETTING_NAMES, type SettingName, type Settings } from './schema.ts';

export { ConfigError, EXIT_CONFIG } from './config-error.ts';
export type { Environment } from './read.ts';
export type { Settings } from './schema.ts';

const pick = (env: Environment, names: readonly SettingName[]): Record<string, unknown> => {
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const value = readSetting(env, name);
    if (value !== undefined) values[name] = value;
  }
  return values;
};

const isCluster = (redisUrl: string): boolean =>
  redisUrl !== MEMORY_URL && parseRedisUrl(redisUrl).topology === 'cluster';

/** Exactly one of two settings must name Redis. @throws ConfigError */
const redisUrlOf = ({ redisUrl, redisUrlFile }: Partial<Settings>): string => {
  if (redisUrlFile === undefined) {
    if (redisUrl !== undefined) return redisUrl;
    throw new ConfigError(
      'REDIS_URL',
      'is required, or REDIS_URL_FILE: redis://host:6379, or memory: for one node without Redis',
    );
  }
  if (redisUrl !== undefined)
    throw new ConfigError('REDIS_URL_FILE', 'is set beside REDIS_URL: set exactly one of them');
  try {
    return FORMATS['redis-url'](readRedisUrlFile(redisUrlFile)) as string;
  } catch (error) {
    throw new ConfigError('REDIS_URL_FILE', (error as Error).message, { cause: error });
  }
};

/**
 * Reads every setting from an environment; what is unset takes its documented default.
 *
 * @param hostName - of this machine, for the default of `NODE_NAME`.
 * @throws ConfigError for the first setting that is wrong, alone or together with others.
 */
export const loadSettings = (env: Environment, hostName = hostname()): Settings => {
  const read = pick(env, SETTING_NAMES) as Partial<Settings>;
  const values = { ...read, redisUrl: redisUrlOf(read) } as Settings;
  const settings: Settings = {
    ...values,
    adminHost: values.adminHost ?? values.host,
    nodeName: values.nodeName ?? `${hostName}:${values.port}`,
    // A shorter interval alone is no conflict: the default of the timeout follows it.
    ...(env.PING_TIMEOUT_MS === undefined && {
      pingTimeoutMs: Math.min(values.pingTimeoutMs, values.pingIntervalMs),
    }),
    // Users who may not see each other must not do so in a place either.
    ...(env.PLACE_POLICY === undefined && {
      placePolicy: values.watchPolicy === 'groups' ? ('token' as const) : values.placePolicy,
    }),
    // Classic pub/sub on a cluster sends every message to every node of it.
    ...(env.PUBLISH_TENANT_EVENTS === undefined && {
      publishTenantEvents: values.publishTenantEvents && !isCluster(values.redisUrl),
    }),
  };
  checkTogether(settings);
  return settings;
};

const TOKEN_SETTINGS = [
  'pasetoKeys',
  'pasetoKeysFile',
  'pasetoSymmetricKey',
  'pasetoSymmetricVersion',
  'tokenAudience',
  'tokenIssuer',
  'maxTokenTtlS',
] as const satisfies readonly SettingName[];

export type TokenSettings = Pick<Settings, (typeof TOKEN_SETTINGS)[number]>;

/** Only what issuing a token needs, for tools that run without a store; keys may be absent. @throws ConfigError */
export const loadTokenSettings = (env: Environment): TokenSettings =>
  pick(env, TOKEN_SETTINGS) as unknown as TokenSettings;
