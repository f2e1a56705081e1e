import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../observability/metrics.ts';
import { EVENT_STREAM } from '../streams/sse.ts';

/** Label of requests that no route matched, because their paths are unbounded. */
const UNMATCHED = 'unmatched';

/** Counts and logs every answer once, by the pattern of its route: a path names people, and a query may hold a token. */
export const observeRequests = (app: FastifyInstance, metrics: Metrics): void => {
  app.addHook('onResponse', async (request, reply) => {
    // How long a stream was open does not show how fast it was answered.
    if (reply.raw.getHeader('content-type') === EVENT_STREAM) return;
    const { method } = request;
    const route = request.routeOptions.url ?? UNMATCHED;
    const code = reply.statusCode;
    metrics.httpSeconds.observe({ route, method, code }, reply.elapsedTime / 1000);
    request.log.debug(
      { method, route, code, ms: Math.round(reply.elapsedTime * 10) / 10 },
      'request answered',
    );
  });
};
