import { WebSocket } from 'ws';
import type { Cluster } from '../../../../test/support/cluster.ts';
import type { TokenClaims, TokenTimes } from '../../../../test/support/tokens.ts';
import { until } from '../../../../test/support/until.ts';
import { type Client, createClient, type Options, type WebSocketClass } from '../../src/index.ts';

/** That of the engine where there is one: Node 20 has none. */
const nodeSocket = (globalThis.WebSocket ?? WebSocket) as unknown as WebSocketClass;

export interface OpenOptions extends Partial<Options> {
  readonly claims?: Partial<TokenClaims>;
  readonly times?: TokenTimes;
}

const open = new Set<Client>();

/** A client of a cluster, not connected yet. It ends with {@link closeAll}. */
export const clientOf = (
  cluster: Cluster,
  user: string,
  { claims, times, url = cluster.node().wsUrl, ...options }: OpenOptions = {},
): Client => {
  const client = createClient({
    url,
    getToken: () => cluster.token({ sub: user, ...claims }, times),
    WebSocket: nodeSocket,
    ...options,
  });
  open.add(client);
  return client;
};

/** One that is connected. */
export const connected = async (
  cluster: Cluster,
  user: string,
  options: OpenOptions = {},
): Promise<Client> => {
  const client = clientOf(cluster, user, options);
  client.connect();
  await isConnected(client);
  return client;
};

const isConnected = (client: Client, timeoutMs = 10_000): Promise<unknown> =>
  until(() => client.connection.state === 'connected', {
    timeoutMs,
    what: 'a connection',
    saw: () => client.connection,
  });

/** The status that a client shows of somebody, or why it shows none. */
export const shown = (client: Client, user: string): string => {
  const view = client.view(user);
  if (!view.known) return view.why;
  return view.stale ? `${view.presence.status}, stale` : view.presence.status;
};

export const shows = (client: Client, user: string, what: string, timeoutMs = 10_000): Promise<unknown> =>
  until(() => shown(client, user) === what, {
    timeoutMs,
    what: `${user} to be ${what}`,
    saw: () => [client.view(user), client.connection],
  });

export const closeAll = (): void => {
  for (const client of open) client.close();
  open.clear();
};
