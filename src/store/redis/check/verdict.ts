import { ConfigError } from '../../../config/config-error.ts';
import type { RedisUrl } from '../../../config/redis-url.ts';
import type { Host } from '../../../redis/client.ts';
import type { ServerRefused, ServerReport } from './server-report.ts';

/** The first version with functions and sharded pub/sub. */
const OLDEST = 7;

const SETTING = 'REDIS_URL';
const at = ({ host, port }: Host): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
const wrong = (problem: string, cause?: unknown): ConfigError => new ConfigError(SETTING, problem, { cause });

/** @throws ConfigError when a server that answers is not what the URL says. */
export const judgeServer = (address: RedisUrl, server: Host, report: ServerReport): void => {
  const { mode, version } = report;
  const scheme = address.tls ? 'rediss' : 'redis';
  const says = `says ${scheme}${address.topology === 'standalone' ? '' : `+${address.topology}`}://, but ${at(server)}`;
  if (mode !== address.topology) {
    if (mode === 'cluster')
      throw wrong(`${says} is part of a Cluster: use ${scheme}+cluster://${at(server)}`);
    if (mode === 'sentinel') {
      throw wrong(`${says} is a Sentinel: use ${scheme}+sentinel://${at(server)}/<name of the master>`);
    }
    throw wrong(
      address.topology === 'cluster'
        ? `${says} is a Redis on its own, not part of a Cluster: use ${scheme}://${at(server)}`
        : `${says} is a Redis, not a Sentinel: name the sentinels, or use ${scheme}://${at(server)}`,
    );
  }
  judgeVersion(server, version);
};

/** @throws ConfigError when a server that a sentinel or a cluster named is too old, or not what they said. */
export const judgeMember = (address: RedisUrl, server: Host, report: ServerReport): void => {
  const expected = address.topology === 'cluster' ? 'cluster' : 'standalone';
  if (report.mode !== expected) {
    throw wrong(
      `says ${address.topology}, which names ${at(server)} as a master, but that is run as ${report.mode}`,
    );
  }
  judgeVersion(server, report.version);
};

const judgeVersion = (server: Host, version: string): void => {
  if (Number.parseInt(version, 10) < OLDEST) {
    throw wrong(`must name a Redis ${OLDEST}.0 or newer: ${at(server)} is ${version}`);
  }
};

/** What a connection signs in with. */
export interface Credentials extends Pick<RedisUrl, 'username' | 'password'> {
  /** They are the sentinels' own: where a `redis://` belongs, the URL has a password all the same. */
  readonly areOfSentinels?: true;
}

/** A server's refusal as an error of the setting. */
export const refusedBy = (
  { username, password, areOfSentinels }: Credentials,
  server: Host,
  error: ServerRefused,
): ConfigError => {
  if (areOfSentinels && error.reason !== 'tls') {
    const found =
      error.reason === 'credentials' ? 'does not accept the sentinelPassword' : 'asks for a password';
    return wrong(
      `says redis+sentinel://, and ${at(server)} ${found}: if it is a Sentinel, set ?sentinelPassword= to its own password (the one before @ is that of Redis); if it is a Redis on its own, use redis://`,
      error,
    );
  }
  switch (error.reason) {
    case 'credentials':
      return wrong(
        `has ${username === undefined ? 'a password' : `a user (${username}) or password`} that ${at(server)} does not accept`,
        error,
      );
    case 'no_credentials':
      return wrong(
        password === undefined
          ? `has no password, but ${at(server)} asks for one`
          : `has credentials that ${at(server)} does not take`,
        error,
      );
    case 'tls':
      return wrong(`says TLS, which fails with ${at(server)}: ${error.message}`, error);
  }
};

export const unknownMaster = (name: string, known: readonly string[]): ConfigError =>
  wrong(
    `names the master ${name}, which the sentinels do not know${known.length > 0 ? `: they watch ${known.join(', ')}` : ''}`,
  );

export const missing = (
  { username = 'default' }: Pick<RedisUrl, 'username'>,
  server: Host,
  rights: readonly string[],
): ConfigError =>
  wrong(
    `has a user (${username}) that lacks rights at ${at(server)}: ${rights.join(' ')} (the whole rule is in docs/redis.md)`,
  );

export const noDatabase = (server: Host, db: number): ConfigError =>
  wrong(`chooses database ${db}, which ${at(server)} does not have`);

/** Configurations that work but carry a risk: one line each. */
export const serverWarnings = (server: Host, report: ServerReport, writeReplicas: number): string[] => {
  const warnings: string[] = [];
  const { maxmemoryPolicy, replicas, needsReplicas, isReplica } = report;
  if (maxmemoryPolicy !== 'noeviction') {
    warnings.push(
      `redis ${at(server)} has maxmemory-policy ${maxmemoryPolicy}: when memory is short it forgets who is here; set noeviction`,
    );
  }
  if (replicas > 0 && !needsReplicas) {
    warnings.push(
      `redis ${at(server)} has replicas, but no min-replicas-to-write: cut off from them it continues to take writes that a failover loses; set min-replicas-to-write 1`,
    );
  }
  if (!isReplica && writeReplicas > replicas) {
    warnings.push(
      `WRITE_REPLICAS is ${writeReplicas}, but redis ${at(server)} has ${replicas}: revoking, forgetting and hiding will be answered with 503`,
    );
  }
  if (isReplica) warnings.push(`redis ${at(server)} is a replica: nothing can be written there`);
  return warnings;
};
