import { ConfigError } from './config-error.ts';
import type { Settings } from './schema.ts';

type Check = (settings: Settings) => readonly [name: string, problem: string] | undefined;

const ports: Check = ({ port, adminPort }) =>
  port === adminPort && port !== 0 ? ['ADMIN_PORT', `must differ from PORT: both are ${port}`] : undefined;

/** One lost heartbeat, and one late, must not get a node fenced. */
const heartbeats: Check = ({ heartbeatIntervalMs, heartbeatTtlMs }) =>
  heartbeatTtlMs < 3 * heartbeatIntervalMs
    ? [
        'HEARTBEAT_TTL_MS',
        `must be at least 3 × HEARTBEAT_INTERVAL_MS, which makes ${3 * heartbeatIntervalMs}, not ${heartbeatTtlMs}`,
      ]
    : undefined;

const keys: Check = ({ pasetoKeys, pasetoKeysFile, pasetoSymmetricKey }) =>
  (pasetoKeys ?? pasetoKeysFile ?? pasetoSymmetricKey)
    ? undefined
    : [
        'PASETO_KEYS',
        'is required, or PASETO_KEYS_FILE or PASETO_SYMMETRIC_KEY: without a key no token can be verified ("rollcall keygen" makes one)',
      ];

const CHECKS: readonly Check[] = [keys, ports, heartbeats];

/** Checks that involve several settings. @throws ConfigError */
export const checkTogether = (settings: Settings): void => {
  for (const check of CHECKS) {
    const wrong = check(settings);
    if (wrong) throw new ConfigError(...wrong);
  }
};
