import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { pino } from 'pino';
import { ownerOf, type Principal } from '../../../src/auth/principal.ts';
import type { Settings } from '../../../src/config/settings.ts';
import { subOf } from '../../../src/domain/model.ts';
import { FairTurns } from '../../../src/fanout/fair-turns.ts';
import { ON_ADMIN_PORT, registerErrors } from '../../../src/http/errors.ts';
import { createFront } from '../../../src/http/front.ts';
import { registerWebSocket } from '../../../src/http/websocket.ts';
import { Observers } from '../../../src/node/observers.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import type { SessionSettings } from '../../../src/session/host.ts';
import { Sessions } from '../../../src/session/sessions.ts';
import { Capacity } from '../../../src/time/capacity.ts';
import { Client, type ClientOptions } from '../../support/client.ts';
import { FakeAuthenticator, FakeFanout, FakeFeed, FakeHealth, FakeMembership, principal } from './fakes.ts';

type SocketSettings = SessionSettings &
  Pick<Settings, 'maxConnections' | 'maxFrameBytes' | 'tokenInQuery' | 'allowedOrigins' | 'upgradeRate'>;

/** Generous, so that a test only meets the limit it is about. */
const ROOMY: SocketSettings = {
  redisCommandTimeoutMs: 2000,
  drainGraceMs: 15_000,
  idleAwayMs: 300_000,
  pingIntervalMs: 25_000,
  pingTimeoutMs: 10_000,
  authTimeoutMs: 5000,
  maxConnections: 1000,
  maxConnectionsPerUser: 50,
  maxUnauthenticated: 1000,
  maxUnauthenticatedPerAddress: 200,
  frameRate: 1000,
  frameBurst: 1000,
  watchPolicy: 'tenant',
  offlineGraceMs: 5000,
  maxWatches: 5000,
  maxPlacesPerConnection: 16,
  placePolicy: 'tenant',
  maxFrameBytes: 16_384,
  tokenInQuery: false,
  allowedOrigins: '*',
  upgradeRate: 0,
};

export interface RigOptions {
  readonly settings?: Partial<SocketSettings>;
  readonly server?: FastifyServerOptions;
  readonly trustProxy?: Settings['trustProxy'];
  readonly random?: () => number;
  readonly maxUnfinishedBytes?: number;
  readonly maxWaitingFrames?: number;
  readonly turns?: FairTurns;
  /** More routes and hooks, added before the sockets. */
  readonly extend?: (app: FastifyInstance) => void;
}

/** A real server on a free port, with fakes for everything behind the sockets. */
export class Rig {
  readonly auth = new FakeAuthenticator();
  readonly membership = new FakeMembership();
  readonly fanout = new FakeFanout();
  readonly observers = new Observers(this.membership);
  readonly health = new FakeHealth();
  readonly feed = new FakeFeed();
  readonly metrics = createMetrics();
  readonly logged: unknown[] = [];
  /** Users whose tokens do not work any more, though they are verified as before. */
  readonly revoked = new Set<string>();
  /** Added to both clocks: moves time without waiting. */
  readonly ahead = { monotonic: 0, wall: 0 };
  overloaded = false;
  readonly capacity: Capacity;
  readonly sessions: Sessions;
  readonly app: FastifyInstance;
  readonly #clients: Client[] = [];

  private constructor(options: RigOptions, settings: SocketSettings) {
    const clock = {
      monotonic: () => performance.now() + this.ahead.monotonic,
      wall: () => Date.now() + this.ahead.wall,
    };
    const note = (...said: unknown[]) => void this.logged.push(said);
    this.capacity = new Capacity(settings.maxConnections);
    this.sessions = new Sessions({
      settings,
      authenticator: this.auth,
      isRevoked: (principal) => this.revoked.has(subOf(ownerOf(principal))),
      membership: this.membership,
      observers: this.observers,
      turns: options.turns ?? new FairTurns({ now: clock.monotonic, onError: note }),
      ...(options.maxWaitingFrames !== undefined && { maxWaitingFrames: options.maxWaitingFrames }),
      fanout: this.fanout,
      feed: this.feed,
      health: this.health,
      metrics: this.metrics,
      clock,
      ...(options.maxUnfinishedBytes !== undefined && { maxUnfinishedBytes: options.maxUnfinishedBytes }),
      random: options.random ?? Math.random,
      capacity: this.capacity,
      log: { debug: note, error: note },
    });
    this.app = Fastify(options.server ?? {}) as unknown as FastifyInstance;
  }

  static async start(options: RigOptions = {}): Promise<Rig> {
    const settings = { ...ROOMY, ...options.settings };
    const rig = new Rig(options, settings);
    const { app, sessions, auth, metrics } = rig;
    registerErrors(app, ON_ADMIN_PORT);
    options.extend?.(app);
    const front = createFront(
      { trustProxy: options.trustProxy ?? false, maxHttpConnections: 1000 },
      pino({ level: 'silent' }),
      metrics,
    );
    front.watch(app.server);
    await registerWebSocket(app, {
      front,
      settings,
      sessions,
      authenticator: auth,
      metrics,
      overloaded: () => rig.overloaded,
      clock: { monotonic: () => performance.now() + rig.ahead.monotonic },
    });
    sessions.typing.start();
    sessions.start();
    await app.listen({ port: 0, host: '127.0.0.1' });
    return rig;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.terminate();
    await this.app.close();
    this.sessions.stop();
  }

  get port(): number {
    return (this.app.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Opens a socket and waits for nothing. */
  dial(options: ClientOptions = {}): Client {
    const client = new Client(this.url, options);
    this.#clients.push(client);
    return client;
  }

  /** Opens a socket for somebody and waits for the welcome. */
  async enter(who: Principal | string = 'anna', options: Omit<ClientOptions, 'token'> = {}): Promise<Client> {
    const token = this.auth.issue(typeof who === 'string' ? principal(who) : who);
    const client = this.dial({ token, ...options });
    await client.until(() => client.first('welcome'), { what: 'a welcome' });
    return client;
  }

  /** The value of a counter or gauge with these labels. */
  async value(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const metric = await this.metrics.register.getSingleMetric(name)?.get();
    const wanted = Object.entries(labels);
    const found = metric?.values.find(({ labels: has }) =>
      wanted.every(([key, value]) => (has as Record<string, unknown>)[key] === value),
    );
    return found?.value ?? 0;
  }
}
