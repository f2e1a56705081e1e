import { IssueError, TokenIssuer } from '../auth/issuer.ts';
import { KeySet } from '../auth/key-set.ts';
import { parseKeys } from '../auth/key-text.ts';
import { createKeyring, type KeySource } from '../auth/keyring.ts';
import { ConfigError, loadTokenSettings, type TokenSettings } from '../config/settings.ts';
import { DEFAULT_TENANT } from '../domain/ids.ts';
import { readArguments, UsageError } from './arguments.ts';
import { signingEnv } from './development.ts';
import type { Command, Io } from './io.ts';
import { SILENT } from './silent-log.ts';

const OPTIONS = {
  user: { type: 'string' },
  tenant: { type: 'string', default: DEFAULT_TENANT },
  scope: { type: 'string' },
  groups: { type: 'string' },
  places: { type: 'string' },
  'places-watch': { type: 'string' },
  name: { type: 'string' },
  ttl: { type: 'string', default: '3600' },
  key: { type: 'string' },
  count: { type: 'string' },
} as const;

/** Where the number of a user goes when there are many. */
const NUMBER = '{n}';

const hasKeys = ({ pasetoKeys, pasetoKeysFile, pasetoSymmetricKey }: TokenSettings): boolean =>
  (pasetoKeys ?? pasetoKeysFile ?? pasetoSymmetricKey) !== undefined;

const keysOf = async (key: string | undefined, settings: TokenSettings): Promise<KeySource> => {
  if (key !== undefined) return { current: await KeySet.import(parseKeys(key, '--key'), '--key') };
  if (!hasKeys(settings)) {
    throw new UsageError(
      'a key is needed: --key, PASETO_KEYS, PASETO_KEYS_FILE or PASETO_SYMMETRIC_KEY (`npm start` makes one for development)',
    );
  }
  return createKeyring(settings, { log: SILENT });
};

const secondsOf = (text: string): number => {
  if (/^\d{1,12}$/.test(text) && Number(text) > 0) return Number(text);
  throw new UsageError(`--ttl must be a whole number of seconds, not ${JSON.stringify(text)}`);
};

/** Whose tokens are wanted: one user, or `count` of them, numbered from 0. */
const usersOf = (user: string | undefined, count: string | undefined): string[] => {
  if (user === undefined) throw new UsageError('--user is needed: whose token it is');
  if (count === undefined) return [user];
  if (!/^[1-9]\d{0,6}$/.test(count)) {
    throw new UsageError(`--count must be a whole number from 1 to 9999999, not ${JSON.stringify(count)}`);
  }
  if (!user.includes(NUMBER))
    throw new UsageError(`with --count, --user needs ${NUMBER} where the number goes`);
  return Array.from({ length: Number(count) }, (_, n) => user.replaceAll(NUMBER, String(n)));
};

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');

/** Signs as a service with the settings of the environment would, or with a key given by hand. */
export const openIssuer = async (io: Io, key?: string): Promise<TokenIssuer> => {
  const settings = loadTokenSettings(key === undefined ? signingEnv(io) : io.env);
  const { tokenAudience: audience, tokenIssuer: issuer, maxTokenTtlS: maxTtlSeconds } = settings;
  return new TokenIssuer({
    keys: await keysOf(key, settings),
    rules: {
      maxTtlSeconds,
      ...(audience !== undefined && { audience }),
      ...(issuer !== undefined && { issuer }),
    },
    clock: { wall: () => io.date() },
  });
};

/** Prints a token that a service with the same settings accepts, or one a line for many users. */
export const token: Command = async (args, io) => {
  const { values } = readArguments(args, OPTIONS);
  const { tenant, scope, groups, places, 'places-watch': placesWatch, name } = values;
  const users = usersOf(values.user, values.count);
  const ttlSeconds = secondsOf(values.ttl);
  const issue = await openIssuer(io, values.key);
  try {
    let validUntil = Number.POSITIVE_INFINITY;
    for (const user of users) {
      const { token, expiresAt } = await issue.issue({
        user,
        tenant,
        ttlSeconds,
        ...(scope !== undefined && { scope }),
        ...(groups !== undefined && { groups: listOf(groups) }),
        ...(places !== undefined && { places: listOf(places) }),
        ...(placesWatch !== undefined && { placesWatch: listOf(placesWatch) }),
        ...(name !== undefined && { name }),
      });
      io.out(token);
      validUntil = Math.min(validUntil, expiresAt);
    }
    io.err(`valid until ${new Date(validUntil).toISOString()}`);
    return 0;
  } catch (error) {
    if (!(error instanceof IssueError)) throw error;
    if (error.code === 'invalid') throw new UsageError(error.message.replace(/\.$/, ''));
    throw new ConfigError(
      values.key === undefined ? 'PASETO_KEYS' : '--key',
      'holds public keys only: issuing a token needs a secret or local one',
    );
  }
};
