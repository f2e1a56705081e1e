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
import type { NodeInfo } from '../store/port/registry.ts';
import type { PresenceStore } from '../store/presence-store.ts';
import type { EventStreams } from '../streams/event-streams.ts';
import type { Clock } from '../time/clock.ts';
import { RateLimiter } from '../time/rate-limiter.ts';
import { registerApi } from './api.ts';
import type { BodyBudget } from './body-budget.ts';
import { answerClientError } from './client-error.ts';
import { ON_ADMIN_PORT, registerErrors } from './errors.ts';
import { createFront, type Front } from './front.ts';
import { guardRequests } from './guard.ts';
import { type AddressLimit, limitByAddress } from './limits.ts';
import { observeRequests } from './observe.ts';
import { registerDocs, registerOpenApi } from './openapi.ts';
import { countUnread, UnreadAnswers } from './unread-answers.ts';
import { answerBadUrl, endUpgrades } from './upgrades.ts';

/** The dependencies of the public server. */
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
  registerSockets(app: FastifyInstance, front: Front): Promise<void>;
  readonly bodies?: BodyBudget;
  /** Bounds for unread answers; by default those that suit a node. */
  readonly unread?: UnreadAnswers;
  readonly clock: Pick<Clock, 'wall'>;
}

/** Bodies are small but for a batch, whose route says so. */
const BODY_LIMIT = 16_384;
/** Room for a token of 4 KiB, a cursor and what proxies add. Also bounds the URL, so ids in paths need no other bound. */
const MAX_HEADER_BYTES = 16_384;
/**
 * A request that trickles in holds its connection. Bodies that are read have a shorter time, which begins behind the
 * headers; this is for those that are not.
 */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 25_000;
const TIMEOUT_CHECK_MS = 5_000;
/** A client that does not take its answer. Sockets that were upgraded are not subject to it. */
const CONNECTION_TIMEOUT_MS = 60_000;

const optionsOf = ({ settings, logger }: PublicServerDeps, limitAddress: AddressLimit) =>
  ({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: settings.httpKeepAliveMs,
    bodyLimit: BODY_LIMIT,
    // While sockets are drained, calls on connections that are still open are answered as ever.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_HEADER_BYTES },
    clientErrorHandler: answerClientError,
    frameworkErrors: answerBadUrl(limitAddress),
  }) satisfies FastifyServerOptions & Record<string, unknown>;

const registerHeaders = async (app: FastifyInstance, { allowedOrigins }: Settings): Promise<void> => {
  await app.register(helmet, {
    // Answers are data: a browser that shows one may load nothing for it, and no page may frame it.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    // Only the proxy in front knows whether the whole host speaks TLS.
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
  const { settings, logger } = deps;
  const front = createFront(settings, logger, deps.metrics);
  const limitAddress = limitByAddress(new RateLimiter({ rate: settings.httpRate }), front.addresses);
  // The logger's type would run through every signature; inside this folder it is just a logger.
  const app = Fastify(optionsOf(deps, limitAddress)) as unknown as FastifyInstance;
  front.watch(app.server);
  registerErrors(app, ON_ADMIN_PORT);
  // Only an authenticated caller's body is read.
  app.removeAllContentTypeParsers();
  observeRequests(app, deps.metrics);
  guardRequests(app, limitAddress);
  const unread = deps.unread ?? new UnreadAnswers();
  countUnread(app, unread, (request) => front.addresses.keyOf(request));
  endUpgrades(app);
  await registerHeaders(app, settings);
  await registerOpenApi(app, deps.version);
  await registerApi(app, { ...deps, unread, handOver: (socket) => front.connections.handOver(socket) });
  await registerDocs(app, deps.version);
  // Last: the WebSocket plugin wraps every route after it so that an upgrade to a plain one is answered 101.
  await deps.registerSockets(app, front);
  return app;
};
