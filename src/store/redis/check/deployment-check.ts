import { setTimeout as delay } from 'node:timers/promises';
import type { ConfigError } from '../../../config/config-error.ts';
import {
  connectTimeout,
  createSentinelClient,
  createServerClient,
  type Host,
  type LinkOptions,
  redisErrorCode,
  retryDelay,
  type ServerClient,
} from '../../../redis/client.ts';
import { Library } from '../library.ts';
import { missingRights, NotAllowed, needing, type RightsOptions, rightsNeeded } from './rights.ts';
import { askServer, connectServer, ServerAway, ServerRefused, type ServerReport } from './server-report.ts';
import {
  type Credentials,
  judgeMember,
  judgeServer,
  missing,
  noDatabase,
  refusedBy,
  serverWarnings,
  unknownMaster,
} from './verdict.ts';

export interface DeploymentCheckOptions extends RightsOptions {
  readonly link: LinkOptions;
  /** The wrong Redis answered, which was found only after {@link DeploymentCheck.start} had stopped waiting. */
  readonly onWrong: (error: ConfigError) => void;
}

/**
 * Checks once, before a node starts, whether the Redis that answers is what `REDIS_URL` says and grants the rights a
 * node needs. An unreachable Redis is no error: it is tried again until it answers.
 */
export class DeploymentCheck {
  readonly #options: DeploymentCheckOptions;
  readonly #clients = new Set<ServerClient>();
  #attempt = 0;
  #retry: NodeJS.Timeout | undefined;
  #stopped = true;

  constructor(options: DeploymentCheckOptions) {
    this.#options = options;
  }

  /** Resolves once the Redis passed the check, or is unreachable.
   * @throws ConfigError when it answers and is wrong.
   */
  async start(): Promise<void> {
    this.#stopped = false;
    const { link, onWrong } = this.#options;
    let isWaiting = true;
    const look = this.#look();
    // A server that accepts the connection and never answers counts as unreachable too.
    await Promise.race([look, delay(2 * connectTimeout(link), undefined, { ref: false })]).finally(() => {
      isWaiting = false;
    });
    look.catch((error: ConfigError) => {
      if (!isWaiting) onWrong(error);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    for (const client of this.#clients) client.disconnect();
  }

  /** @throws ConfigError */
  async #look(): Promise<void> {
    const { link, onWrong } = this.#options;
    try {
      const { topology } = link.address;
      if (topology === 'cluster') await this.#checkCluster();
      else if (topology === 'sentinel') await this.#checkSentinel();
      else await this.#checkStandalone();
    } catch (error) {
      if (!(error instanceof ServerAway)) throw error;
      if (this.#stopped) return;
      link.logger.debug({ err: error }, 'redis cannot be looked at yet');
      this.#retry = setTimeout(
        () => {
          this.#look().catch(onWrong);
        },
        retryDelay(this.#attempt, link.random),
      );
      this.#attempt += 1;
    }
  }

  async #checkStandalone(): Promise<void> {
    const { address } = this.#options.link;
    const [server] = address.hosts;
    if (server === undefined) return;
    await this.#with(server, async (client) => {
      const report = await askServer(client, server);
      judgeServer(address, server, report);
      await selectDatabase(client, server, address.db);
      await this.#checkWritable(client, server, report);
    });
  }

  async #checkCluster(): Promise<void> {
    const { address } = this.#options.link;
    const masters = await this.#firstThatAnswers(address.hosts, (server) =>
      this.#with(server, async (client) => {
        judgeServer(address, server, await askServer(client, server));
        const slots = await needing('+cluster|slots', () => client.call('CLUSTER', 'SLOTS'));
        return mastersIn(slots as ClusterSlots);
      }),
    );
    const looked = await Promise.allSettled(masters.map((master) => this.#checkMember(master)));
    // One master may be unreachable: the others show whether this is the right cluster.
    const wrong = looked.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
    const worst = wrong.find((error) => !(error instanceof ServerAway)) ?? wrong[0];
    if (worst !== undefined && (!(worst instanceof ServerAway) || wrong.length === masters.length))
      throw worst;
  }

  async #checkSentinel(): Promise<void> {
    const { address } = this.#options.link;
    const { hosts, master = '' } = address;
    const away: ServerAway[] = [];
    const known = new Set<string>();
    for (const sentinel of hosts) {
      try {
        const named = await this.#askSentinel(sentinel, master);
        if ('names' in named) for (const name of named.names) known.add(name);
        else return await this.#checkMember(named);
      } catch (error) {
        if (!(error instanceof ServerAway)) throw error;
        away.push(error);
      }
    }
    // A sentinel that was just set up may know nothing yet; a majority of them would.
    if (2 * away.length < hosts.length) throw unknownMaster(master, [...known]);
    throw away[0];
  }

  /** The address of the master, or the names that this sentinel knows instead. */
  #askSentinel(sentinel: Host, master: string): Promise<Host | { readonly names: readonly string[] }> {
    const { link } = this.#options;
    const { sentinelUsername: username, sentinelPassword: password } = link.address;
    const client = createSentinelClient(link, sentinel);
    const credentials = {
      areOfSentinels: true as const,
      ...(username && { username }),
      ...(password && { password }),
    };
    return this.#use(client, sentinel, credentials, async () => {
      const report = await askServer(client, sentinel);
      judgeServer(link.address, sentinel, report);
      const named = (await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master)) as
        | [string, string]
        | null;
      if (named !== null) return { host: named[0], port: Number(named[1]) };
      const masters = (await client.call('SENTINEL', 'MASTERS')) as string[][];
      return { names: masters.map((fields) => fields[fields.indexOf('name') + 1] ?? '') };
    });
  }

  /** A master that a sentinel or a cluster named. */
  #checkMember(server: Host): Promise<void> {
    return this.#with(server, async (client) => {
      const report = await askServer(client, server);
      judgeMember(this.#options.link.address, server, report);
      await this.#checkWritable(client, server, report);
    });
  }

  /** Checks rights, and collects warnings. */
  async #checkWritable(client: ServerClient, server: Host, report: ServerReport): Promise<void> {
    const { link, prefix, writeReplicas } = this.#options;
    for (const warning of serverWarnings(server, report, writeReplicas)) link.logger.warn(warning);
    // Nothing can be loaded into a replica, and in the middle of a failover a master may turn out to be one.
    if (report.isReplica) return;
    const rights = rightsNeeded(this.#options);
    const refused = await askRights(client, rights.commands);
    const lacking = missingRights(rights, refused, prefix);
    if (lacking.length > 0) throw missing(link.address, server, lacking);
  }

  async #firstThatAnswers<T>(hosts: readonly Host[], ask: (host: Host) => Promise<T>): Promise<T> {
    let away: unknown;
    for (const host of hosts) {
      try {
        return await ask(host);
      } catch (error) {
        if (!(error instanceof ServerAway)) throw error;
        away = error;
      }
    }
    throw away;
  }

  #with<T>(server: Host, run: (client: ServerClient) => Promise<T>): Promise<T> {
    const { link } = this.#options;
    const client = createServerClient(link, server, link.commandTimeoutMs);
    return this.#use(client, server, link.address, () => run(client));
  }

  /** Connects, runs, disconnects. @throws ServerAway, ConfigError */
  async #use<T>(
    client: ServerClient,
    server: Host,
    credentials: Credentials,
    run: () => Promise<T>,
  ): Promise<T> {
    this.#clients.add(client);
    try {
      await connectServer(client, server);
      return await run();
    } catch (error) {
      if (error instanceof ServerRefused) throw refusedBy(credentials, server, error);
      if (error instanceof NotAllowed) throw missing(credentials, server, [error.right]);
      // Any other failure (a timeout, a server busy with a script): Redis is not available yet.
      throw isVerdict(error) ? error : new ServerAway(server, { cause: error });
    } finally {
      client.disconnect();
      this.#clients.delete(client);
    }
  }
}

type ClusterSlots = [number, number, [string | null, number]][];

const isVerdict = (error: unknown): boolean =>
  error instanceof ServerAway || (error instanceof Error && 'setting' in error);

const mastersIn = (slots: ClusterSlots): Host[] => {
  const masters = new Map<string, Host>();
  for (const [, , [host, port]] of slots) if (host) masters.set(`${host}:${port}`, { host, port });
  return [...masters.values()];
};

const selectDatabase = async (client: ServerClient, server: Host, db: number): Promise<void> => {
  if (db === 0) return;
  try {
    await needing('+select', () => client.select(db));
  } catch (error) {
    throw redisErrorCode(error) === 'ERR' ? noDatabase(server, db) : error;
  }
};

/** Positions of commands that are not allowed. @throws NotAllowed */
const askRights = async (
  client: ServerClient,
  commands: readonly (readonly string[])[],
): Promise<number[]> => {
  const library = new Library();
  const list = await needing('+function|list', () =>
    client.call('FUNCTION', 'LIST', 'LIBRARYNAME', library.name),
  );
  if (!Array.isArray(list) || list.length === 0) {
    await needing('+function|load', () => client.call('FUNCTION', 'LOAD', 'REPLACE', library.source));
  }
  const asked = commands.map((command) => JSON.stringify(command));
  return (await needing('+fcall', () =>
    client.call('FCALL', library.called('missing_permissions'), 0, ...asked),
  )) as number[];
};
