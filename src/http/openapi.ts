import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { asyncApiDocument } from '../protocol/asyncapi.ts';
import { NAMED_SCHEMAS } from './schemas.ts';

/** Pages of the documentation run their own scripts and nothing else, and may not be framed. */
const DOCS_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Collects the description of every route registered after it. */
export const registerOpenApi = async (app: FastifyInstance, version: string): Promise<void> => {
  for (const schema of NAMED_SCHEMAS) app.addSchema(schema);
  await app.register(swagger, {
    convertConstToEnum: false,
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json['$id'] ?? `def-${i}`) },
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Rollcall',
        version,
        description:
          'Who is here right now, and how. Live changes come over the WebSocket at `/v1/ws`; these calls are for everything else.\n\n' +
          'Errors are problems (RFC 9457) with a stable `code`. Times are RFC 3339 in UTC.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'presence', description: 'Presence of anyone' },
        { name: 'me', description: 'One’s own presence' },
        { name: 'places', description: 'Who is in a document, board or room' },
        { name: 'sessions', description: 'Sessions that services hold' },
        { name: 'events', description: 'What happens, for other services' },
        { name: 'operations', description: 'The deployment' },
      ],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'PASETO',
            description: 'The token names tenant, user and scopes.',
          },
        },
      },
    },
  });
};

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Serves the document at `/docs/json` and `/docs/openapi.json`, a page made of it at `/docs`, and the one of the frames
 * beside them. Each document is encoded once: anybody may ask for it, and made again for each answer it would cost a
 * stranger nothing and the node a hundred kilobytes.
 */
export const registerDocs = async (app: FastifyInstance, version: string): Promise<void> => {
  const frames = Buffer.from(JSON.stringify(asyncApiDocument(version)));
  let calls: Buffer | undefined;
  const answerCalls = (reply: FastifyReply): FastifyReply => {
    calls ??= Buffer.from(JSON.stringify(app.swagger()));
    return reply.type(JSON_TYPE).send(calls);
  };
  app.get('/docs/asyncapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(JSON_TYPE).send(frames),
  );
  app.get('/docs/openapi.json', { schema: { hide: true } }, async (_request, reply) => answerCalls(reply));
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_CSP,
    uiConfig: { layout: 'BaseLayout', deepLinking: true, displayRequestDuration: true },
    theme: { title: 'Rollcall API' },
    uiHooks: {
      onRequest: async (request, reply) => {
        if (request.routeOptions.url === '/docs/json') return answerCalls(reply);
      },
    },
  });
};
