import { root } from '../scripts/lib/root.mjs';

/** The defaults of the service, for the clocks of the page. */
const PERIODS = {
  graceMs: ['OFFLINE_GRACE_MS', 5_000],
  drainGraceMs: ['DRAIN_GRACE_MS', 15_000],
  heartbeatIntervalMs: ['HEARTBEAT_INTERVAL_MS', 2_000],
  heartbeatTtlMs: ['HEARTBEAT_TTL_MS', 6_000],
  reapIntervalMs: ['REAP_INTERVAL_MS', 1_000],
};

export const timingOf = (env) =>
  Object.fromEntries(
    Object.entries(PERIODS).map(([key, [name, value]]) => [key, env[name] ? Number(env[name]) : value]),
  );

const KEY_SETTINGS = ['PASETO_KEYS', 'PASETO_KEYS_FILE', 'PASETO_SYMMETRIC_KEY'];

/** Where the key of this clone is kept; git ignores the folder. */
export const DEV_KEY_FILE = `${root}.rollcall/dev-key`;

/**
 * The environment of a development node: what the person set, and else what suits one machine. With the development
 * key anybody can be anybody, so nothing but this machine reaches it.
 */
export const developmentEnv = (env = process.env) => ({
  HOST: '127.0.0.1',
  LOG_LEVEL: 'warn',
  DRAIN_WINDOW_MS: '300',
  // Within the 1,024 open files of many machines: else the first lines of a first start are warnings.
  MAX_CONNECTIONS: '400',
  MAX_HTTP_CONNECTIONS: '200',
  ...(KEY_SETTINGS.some((name) => env[name])
    ? {}
    : { PASETO_KEYS_FILE: DEV_KEY_FILE, TOKEN_AUDIENCE: 'rollcall-development' }),
  ...Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')),
});

export const usesDevKey = (env) => env.PASETO_KEYS_FILE === DEV_KEY_FILE;

/** A port somebody asked for, or `undefined`. */
export const wantedPort = (env, name) => {
  if (!env[name]) return undefined;
  const port = Number(env[name]);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Error(`${name} must be a port from 1 to 65535, not "${env[name]}"`);
};
