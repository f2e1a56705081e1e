import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyPluginCallback, FastifyRequest } from 'fastify';
import type { TokenIssuer } from '../auth/issuer.ts';
import { type Authenticator, ownerOf } from '../auth/principal.ts';
import type { Settings } from '../config/settings.ts';
import { ownerKey, type UserRef } from '../domain/model.ts';
import type { EventFeed } from '../events/feed.ts';
import { silence } from '../session/typing.ts';
import type { NodeInfo } from '../store/port/registry.ts';
import type { PresenceStore } from '../store/presence-store.ts';
import type { EventStreams } from '../streams/event-streams.ts';
import type { Clock } from '../time/clock.ts';
import { RateLimiter } from '../time/rate-limiter.ts';
import { authenticate, decorateCaller } from './auth.ts';
import { registerJsonBodies } from './body.ts';
import { BodyBudget } from './body-budget.ts';
import { invalid } from './errors.ts';
import { spend } from './limits.ts';
import { claimRoutes } from './routes/claims.ts';
import { eventRoutes } from './routes/events.ts';
import { groupRoutes } from './routes/groups.ts';
import { heldSessionRoutes } from './routes/held-sessions.ts';
import { meRoutes } from './routes/me.ts';
import { nodeRoutes } from './routes/nodes.ts';
import { noteRoutes } from './routes/notes.ts';
import { operatorRoutes } from './routes/operators.ts';
import { placeRoutes } from './routes/places.ts';
import { presenceRoutes } from './routes/presence.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { query } from './schemas.ts';
import type { UnreadAnswers } from './unread-answers.ts';
import { validatorCompiler } from './validation.ts';

/** The dependencies of the calls under `/v1`. */
export interface ApiDeps {
  readonly settings: Settings;
  readonly store: PresenceStore;
  readonly auth: Authenticator;
  readonly issuer: Pick<TokenIssuer, 'issue'>;
  readonly feed: EventFeed;
  readonly streams: EventStreams;
  nodes(): Promise<readonly NodeInfo[]>;
  readonly clock: Pick<Clock, 'wall'>;
  /** Called with a connection that has become an event stream and no longer counts as HTTP. */
  handOver(socket: Socket): void;
  /** Bounds for bodies that are still arriving; by default those that suit a node. */
  readonly bodies?: BodyBudget;
  readonly unread: UnreadAnswers;
}

/** The store answers or throws within its own time limits; this is for one that does neither. */
const HANDLER_TIMEOUT_FACTOR = 3;

const BODYLESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'GET,HEAD']);

const NO_QUERY = query({});

/** For calls that take no body: a body would otherwise be ignored silently. An empty object is allowed. */
const refuseUnknownBody = async ({ body, routeOptions }: FastifyRequest): Promise<void> => {
  if (body === undefined || (routeOptions.schema?.body ?? undefined) !== undefined) return;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('This call takes no body.');
  for (const name in body) throw invalid(`body.${name.slice(0, 80)} is not known`);
};

/** Adds the calls under `/v1`: limits by user, authentication, routes. */
export const registerApi = async (app: FastifyInstance, deps: ApiDeps): Promise<void> => {
  const { settings, store, auth } = deps;
  const byOwner = new RateLimiter({ rate: settings.httpRate });
  const bodies = deps.bodies ?? new BodyBudget();
  const routeDeps = {
    store,
    issuer: deps.issuer,
    maxTokenTtlS: settings.maxTokenTtlS,
    lastSeen: settings.lastSeen,
    placePolicy: settings.placePolicy,
    silence: (ref: UserRef) => silence({ feed: deps.feed, log: app.log }, ref),
    nodes: () => deps.nodes(),
    clock: deps.clock,
  };

  const api: FastifyPluginCallback = (scope, _options, done) => {
    decorateCaller(scope);
    registerJsonBodies(scope, bodies);
    scope.setValidatorCompiler(validatorCompiler);
    // Answers are sent as the handler returned them: a serializer made from the schema would drop fields it does not
    // know.
    scope.setSerializerCompiler(() => JSON.stringify);
    scope.addHook('onRoute', (route) => {
      // A body that is still arriving does not mean that the handler hangs.
      const arriving = BODYLESS.has(String(route.method)) ? 0 : bodies.limits.withinMs;
      route.handlerTimeout ??= arriving + HANDLER_TIMEOUT_FACTOR * settings.redisCommandTimeoutMs;
    });
    scope.addHook('onRoute', (route) => {
      route.schema = { querystring: NO_QUERY, ...route.schema };
    });
    scope.addHook('preValidation', refuseUnknownBody);
    scope.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store');
    });
    scope.addHook('onRequest', async (request) => {
      const owner = ownerKey(ownerOf(await authenticate(request, auth)));
      spend(byOwner, owner);
      deps.unread.admit(owner);
    });
    scope.register(presenceRoutes, { prefix: '/presence', ...routeDeps });
    scope.register(meRoutes, { prefix: '/presence', ...routeDeps });
    scope.register(sessionRoutes, { prefix: '/presence/me', ...routeDeps });
    scope.register(heldSessionRoutes, routeDeps);
    scope.register(placeRoutes, routeDeps);
    scope.register(noteRoutes, { prefix: '/presence', ...routeDeps });
    scope.register(claimRoutes, { prefix: '/presence/users/:id', ...routeDeps });
    scope.register(groupRoutes, routeDeps);
    scope.register(operatorRoutes, routeDeps);
    scope.register(tokenRoutes, routeDeps);
    scope.register(nodeRoutes, routeDeps);
    scope.register(eventRoutes, { feed: deps.feed, streams: deps.streams, handOver: deps.handOver });
    done();
  };
  await app.register(api, { prefix: '/v1' });
};
