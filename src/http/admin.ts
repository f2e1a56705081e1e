import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Settings } from '../config/settings.ts';
import type { Health } from '../node/membership.ts';
import type { Metrics } from '../observability/metrics.ts';
import { answerClientError } from './client-error.ts';
import { answerError, ON_PUBLIC_PORT, registerErrors } from './errors.ts';

/** The dependencies of the admin server. */
export interface AdminServerDeps {
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly logger: Logger;
  /** Called before each scrape, for gauges whose value is an age. */
  readonly onScrape?: () => void;
}

/** The callers are probes and scrapers nearby. */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Builds the server for orchestrators and operators, on a port of its own: it has no authentication and must never
 * be reachable from where clients are.
 */
export const buildAdminServer = ({ metrics, health, logger, onScrape }: AdminServerDeps): FastifyInstance => {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Probes can distinguish a draining process from a dead one until the very end.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: answerError,
  }) as unknown as FastifyInstance;
  registerErrors(app, ON_PUBLIC_PORT);
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });

  // Never asks Redis: restarting every node because Redis is unreachable would turn a pause into an outage.
  app.get('/livez', async () => ({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    const { ready, degraded } = health;
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', degraded });
  });

  app.get('/metrics', async (_request, reply) => {
    onScrape?.();
    const text = await metrics.register.metrics();
    return reply.type(metrics.register.contentType).send(text);
  });
  return app;
};
