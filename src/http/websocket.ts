import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import fastifyWebsocket, { type WebsocketHandler } from '@fastify/websocket';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/principal.ts';
import type { Settings } from '../config/settings.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Clock } from '../time/clock.ts';
import { RateLimiter } from '../time/rate-limiter.ts';
import { answerError } from './errors.ts';
import type { Front } from './front.ts';
import { limitByAddress } from './limits.ts';
import { sendProblem } from './problem.ts';
import { messageLimits, ReasonedWebSocket } from './reasoned-websocket.ts';
import { checkNames, UpgradeAdmission, type Verdict } from './websocket-admission.ts';
import { relayUpgrades } from './websocket-relay.ts';
import { SUBPROTOCOL } from './websocket-token.ts';

export interface WebSocketDeps {
  readonly settings: Pick<Settings, 'maxFrameBytes' | 'tokenInQuery' | 'allowedOrigins' | 'upgradeRate'>;
  readonly sessions: Sessions;
  readonly authenticator: Authenticator;
  readonly metrics: Metrics;
  /** The event loop is so far behind that one more connection would harm the existing ones. */
  readonly overloaded: () => boolean;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly front: Front;
}

const PATHS = ['/v1/ws', '/ws'];

/** How long a peer may take to answer a close frame. */
const CLOSE_TIMEOUT_MS = 5000;
/** The same while the server closes, when the whole shutdown waits for the last one. */
const LAST_CLOSE_TIMEOUT_MS = 1000;

const optionsOf = (settings: WebSocketDeps['settings'], server: Server) => ({
  server,
  // Costs ten times the CPU and several times the memory of the frames themselves, which are small.
  perMessageDeflate: false,
  ...messageLimits(settings.maxFrameBytes),
  WebSocket: ReasonedWebSocket,
  // Sessions do both with less: one set for all sockets, and no answer to a flood of pings.
  clientTracking: false,
  autoPong: false,
  closeTimeout: CLOSE_TIMEOUT_MS,
  handleProtocols: (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
});

const answerPlainGet = ({ query }: FastifyRequest, reply: FastifyReply): FastifyReply => {
  checkNames(query as object);
  return sendProblem(reply, 426, 'invalid', 'This is a WebSocket: connect with one.', {
    upgrade: 'websocket',
  });
};

interface Upgrade {
  readonly verdict: Verdict;
  readonly response: ServerResponse;
}

/**
 * Adds `GET /v1/ws` and `/ws`. Whatever can be refused with an HTTP status is refused before the upgrade; everything
 * after it belongs to the sessions. When the server closes, those that are left are drained without a window.
 */
export const registerWebSocket = async (app: FastifyInstance, deps: WebSocketDeps): Promise<void> => {
  const { sessions, settings, metrics, authenticator } = deps;
  const { addresses, connections } = deps.front;
  const limitUpgrade = limitByAddress(
    new RateLimiter({ rate: settings.upgradeRate, now: () => deps.clock.monotonic() }),
    addresses,
  );
  const relay = relayUpgrades(app, PATHS, limitUpgrade, (socket) => connections.occupy(socket));
  const upgrades = new WeakMap<IncomingMessage, Upgrade>();
  const admission = new UpgradeAdmission({
    settings,
    authenticator,
    limitUpgrade,
    addresses,
    congestion: () => {
      if (sessions.draining) return 'draining';
      return sessions.full || deps.overloaded() ? 'overloaded' : undefined;
    },
    admits: (address) => sessions.admitsWithoutToken(address),
    overrun: () => sessions.overrun,
    onUnexpected: (error) => app.log.error({ err: error }, 'token verification failed unexpectedly'),
  });

  const accept: WebsocketHandler = (ws, { raw }) => {
    const upgrade = upgrades.get(raw);
    if (upgrade === undefined) return ws.terminate();
    // The socket would keep request and response, with all their headers, for as long as it lives.
    upgrade.response.detachSocket(raw.socket);
    connections.handOver(raw.socket);
    const { verdict } = upgrade;
    if ('admission' in verdict) sessions.open(ws, raw.socket, verdict.admission);
    else if ('close' in verdict) sessions.refuse(ws, verdict.close.code, verdict.close.reason);
  };

  // In a scope of its own: the plugin wraps the handlers of every route it sees.
  const sockets: FastifyPluginAsync = async (scope) => {
    await scope.register(fastifyWebsocket, {
      options: optionsOf(settings, relay as Server),
      preClose: (done) => {
        void sessions.finish(0, LAST_CLOSE_TIMEOUT_MS).then(() => done());
      },
    });
    scope.setErrorHandler(answerError);
    scope.addHook('onRequest', async (request, reply) => {
      if (!request.ws) return;
      reply.header('connection', 'close');
      const verdict = await admission.decide(request);
      metrics.upgrades.inc({ result: verdict.result });
      if ('problem' in verdict) throw verdict.problem;
      upgrades.set(request.raw, { verdict, response: reply.raw });
    });
    for (const url of PATHS) {
      scope.route({ method: 'GET', url, schema: { hide: true }, handler: answerPlainGet, wsHandler: accept });
    }
  };
  await app.register(sockets);
};
