import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { TokenIssuer } from '../auth/issuer.ts';
import type { Authenticator } from '../auth/principal.ts';
import type { Settings } from '../config/settings.ts';
import type { EventFeed } from '../events/feed.ts';
import type { Health } from '../node/membership.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { NodeInfo, PresenceStore } from '../store/presence-store.ts';
import { registerApi } from './api.ts';
import { registerJsonBodies } from './body.ts';
import { answerClientError } from './client-error.ts';
import { registerErrors } from './errors.ts';
import type { EventStreams } from './events/event-streams.ts';
import { limitByAddress } from './limits.ts';
import { observeRequests } from './observe.ts';
import { registerDocs, registerOpenApi } from './openapi.ts';
import { RateLimiter } from './rate-limit.ts';
import { answerBadUrl, endUpgrades } from './upgrades.ts';

/** What the public server is made of. */
export interface PublicServerDeps {
  readonly settings: Settings;
  readonly store: PresenceStore;
  readonly auth: Authenticator;
  readonly issuer: Pick<TokenIssuer, 'issue'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly health: Health;
  readonly feed: EventFeed;
  readonly streams: EventStreams;
  readonly version: string;
  /** Who is in the cluster. @throws StoreError `unavailable`. */
  nodes(): Promise<readonly NodeInfo[]>;
  /** Adds the WebSocket routes, and how they end when the server closes. */
  registerSockets(app: FastifyInstance): Promise<void>;
  /** Wall clock, ms since the epoch. */
  now?(): number;
}

/** Bodies are small but for a batch, whose route says so. */
const BODY_LIMIT = 16_384;
/** Room for a token of 4 KiB, a cursor and what proxies add. Also bounds the URL, so ids in paths need no other bound. */
const MAX_HEADER_BYTES = 16_384;
/** A request that trickles in is somebody holding the connection. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
const TIMEOUT_CHECK_MS = 5_000;
/** A client that does not take its answer. Sockets that were upgraded are not subject to it. */
const CONNECTION_TIMEOUT_MS = 60_000;
/** Longer than the minute that load balancers keep idle connections, so that it is they who close them. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/**
 * Fastify takes a hop count for no trust at all, because it cannot tell whether the peer is a proxy. Who sets one says
 * that every request comes through that many.
 */
const trustProxyOf = (trust: Settings['trustProxy']): NonNullable<FastifyServerOptions['trustProxy']> =>
  typeof trust === 'number' ? (_address, hop) => hop < trust : trust;

const optionsOf = ({ settings, logger }: PublicServerDeps) =>
  ({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trustProxyOf(settings.trustProxy),
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    bodyLimit: BODY_LIMIT,
    // While sockets are drained, calls on connections that are still open are answered as ever.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_HEADER_BYTES },
    clientErrorHandler: answerClientError,
    frameworkErrors: answerBadUrl,
  }) satisfies FastifyServerOptions & Record<string, unknown>;

const registerHeaders = async (app: FastifyInstance, { allowedOrigins }: Settings): Promise<void> => {
  await app.register(helmet, {
    // Answers are data: should a browser be made to show one, it may load nothing and be framed by nobody.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    // Whether all of a host speaks TLS is for the proxy in front to say.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  });
  await app.register(cors, {
    origin: allowedOrigins === '*' ? '*' : [...allowedOrigins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Last-Event-ID'],
    exposedHeaders: ['Retry-After', 'WWW-Authenticate'],
    maxAge: 7200,
    strictPreflight: false,
  });
};

/**
 * Builds the public server: the calls under `/v1`, their documentation under `/docs`, and whatever sockets add.
 * It listens once the caller lets it; closing waits for running calls and leaves sockets to their own plugin.
 */
export const buildPublicServer = async (deps: PublicServerDeps): Promise<FastifyInstance> => {
  // The logger's type would run through every signature; inside this folder it is just a logger.
  const app = Fastify(optionsOf(deps)) as unknown as FastifyInstance;
  const limitAddress = limitByAddress(new RateLimiter({ rate: deps.settings.httpRate }));
  registerErrors(app, limitAddress);
  registerJsonBodies(app);
  observeRequests(app, deps.metrics);
  endUpgrades(app);
  await registerHeaders(app, deps.settings);
  await registerOpenApi(app, deps.version);
  await registerApi(app, deps, limitAddress);
  await registerDocs(app, deps.version, limitAddress);
  // Last: the WebSocket plugin wraps every route after it so that an upgrade to a plain one is answered 101.
  await deps.registerSockets(app);
  return app;
};
