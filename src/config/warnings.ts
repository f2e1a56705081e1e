import type { Environment } from './read.ts';
import { MEMORY_URL } from './redis-url.ts';
import { envName, SETTING_NAMES, type Settings } from './schema.ts';

const NAMES: readonly string[] = SETTING_NAMES.map(envName);
const KNOWN = new Set(NAMES);
const UNIT = /_(MS|S|SEC|SECS|SECONDS|MIN|MINUTES|HOURS|DAYS|BYTES|KB|MAX)$/;
const MAX_DISTANCE = 2;
/** In a name as short as `HOST` two letters make another word: `HOME`. */
const SHORT = 6;

/** Insertions, deletions and replacements between two texts (Levenshtein). */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};

const stem = (name: string): string => name.replace(UNIT, '');

/** How far a name is from a setting; a missing or other unit counts as one. */
const farness = (name: string, setting: string): number =>
  stem(name) === stem(setting)
    ? 1
    : Math.abs(name.length - setting.length) > MAX_DISTANCE
      ? Number.POSITIVE_INFINITY
      : distance(name, setting);

/** The unset setting that an unknown name was probably meant to be. */
const meant = (name: string, env: Environment): string | undefined => {
  const upper = name.toUpperCase();
  let best: string | undefined;
  let least = (upper.length <= SHORT ? 1 : MAX_DISTANCE) + 1;
  for (const setting of NAMES) {
    // If the right one is set too, the name is not a misspelling of it.
    if (env[setting] !== undefined) continue;
    const far = farness(upper, setting);
    if (far < least) {
      best = setting;
      least = far;
    }
  }
  return best;
};

/**
 * Two heartbeats that Redis does not answer in time, and a half for a third: a node must count as alive for that
 * long.
 */
const LIVES_TIMEOUTS = 2.5;

/**
 * What is allowed but probably not meant, one line each: misspelt names, and settings that make a deployment weaker
 * than it looks.
 */
export const settingWarnings = (env: Environment, settings: Settings): string[] => {
  const warnings: string[] = [];
  for (const name of Object.keys(env).sort()) {
    if (KNOWN.has(name)) continue;
    const setting = meant(name, env);
    if (setting) warnings.push(`${name} is not a setting: did you mean ${setting}?`);
  }
  if (settings.tokenAudience === undefined) {
    warnings.push(
      'TOKEN_AUDIENCE is not set: tokens made for other services with the same keys are accepted',
    );
  }
  if (settings.placePolicy === 'tenant') {
    warnings.push(
      'PLACE_POLICY=tenant lets anyone of a tenant into every place whose id they guess: with PLACE_POLICY=token the token says which',
    );
  }
  if (settings.trustProxy === true) {
    warnings.push(
      'TRUST_PROXY=true trusts every X-Forwarded-For, so clients choose the address that limits count by: give the number of hops or the addresses of your proxies',
    );
  }
  if (
    settings.redisUrl !== MEMORY_URL &&
    settings.heartbeatTtlMs < LIVES_TIMEOUTS * settings.redisCommandTimeoutMs
  ) {
    warnings.push(
      `HEARTBEAT_TTL_MS=${settings.heartbeatTtlMs} leaves a node no second try when Redis is slow: give it at least ${LIVES_TIMEOUTS} × REDIS_COMMAND_TIMEOUT_MS`,
    );
  }
  const { idleAwayMs, idleOfflineMs } = settings;
  if (idleOfflineMs > 0 && idleOfflineMs < idleAwayMs) {
    warnings.push(
      `IDLE_OFFLINE_MS (${idleOfflineMs}) is less than IDLE_AWAY_MS (${idleAwayMs}): who says nothing is offline after the latter, and never away`,
    );
  }
  if (settings.redisUrl === MEMORY_URL && settings.writeReplicas > 0) {
    warnings.push('WRITE_REPLICAS has no effect with REDIS_URL=memory:');
  }
  return warnings;
};
