import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { isDisplayName, MAX_GROUPS } from '../../domain/ids.ts';
import { isPlacePattern, MAX_PLACE_PATTERNS } from '../../domain/place-pattern.ts';
import { ID_PATTERN } from '../../protocol/patterns.ts';
import { isoTime } from '../../protocol/presence.ts';
import { answer, problems } from '../answers.ts';
import { permit, tenantOf } from '../auth.ts';
import { invalid } from '../errors.ts';
import { GroupIdSchema, TEXT_PATTERN, TenantQuery, UserIdSchema } from '../schemas.ts';
import type { RouteDeps } from './deps.ts';

/** What an issued token may allow: a service that may issue must not be able to make itself an operator. */
const MINTABLE = new Set(['connect', 'watch', 'watch:tenant']);

const SCOPE_PATTERN = '^ *(?:(?:connect|watch|watch:tenant)(?: +|$))*$';

const DEFAULT_TTL_S = 3600;

const placesSchema = (description: string) =>
  Type.Array(
    Type.Refine(
      Type.String({ minLength: 1, maxLength: 128, pattern: ID_PATTERN }),
      isPlacePattern,
      () => 'is neither the id of a place nor a prefix that ends in * behind one of : / . -',
    ),
    { maxItems: MAX_PLACE_PATTERNS, description },
  );

const checkScope = (scope: string): void => {
  const beyond = scope.split(' ').filter((word) => word !== '' && !MINTABLE.has(word));
  if (beyond.length > 0) {
    throw invalid(`body.scope may only hold ${[...MINTABLE].join(', ')}`);
  }
};

/** Issues tokens for users, in place of a login service of one's own. */
export const tokenRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (app, { issuer, maxTokenTtlS }, done) => {
  app.post(
    '/tokens',
    {
      onRequest: permit('mint'),
      schema: {
        operationId: 'issueToken',
        summary: 'Issue a token for a user',
        description:
          'Needs the scope `mint`, and a local or secret key among the keys of the service: without one there is no such call. For users of the own tenant, with scopes within `connect watch watch:tenant`.',
        tags: ['operations'],
        security: [{ bearer: ['mint'] }],
        querystring: TenantQuery,
        body: Type.Object(
          {
            user: UserIdSchema,
            groups: Type.Optional(Type.Array(GroupIdSchema, { maxItems: MAX_GROUPS })),
            name: Type.Optional(
              Type.Refine(
                Type.String({
                  maxLength: 256,
                  pattern: TEXT_PATTERN,
                  description:
                    'display name, at most 256 bytes of UTF-8, under the rules of a text; empty is none',
                }),
                (value) => value === '' || isDisplayName(value),
                () => 'is not a display name',
              ),
            ),
            places: Type.Optional(
              placesSchema(
                'places that the user may enter and watch with `PLACE_POLICY=token`: ids, or prefixes that end in `*` behind one of `: / . -`',
              ),
            ),
            placesWatch: Type.Optional(placesSchema('the same, of places that may only be watched')),
            scope: Type.Optional(
              Type.String({
                maxLength: 200,
                pattern: SCOPE_PATTERN,
                description:
                  'of `connect`, `watch` and `watch:tenant`, space separated; without it `connect watch`',
              }),
            ),
            ttlSeconds: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: maxTokenTtlS,
                default: Math.min(DEFAULT_TTL_S, maxTokenTtlS),
              }),
            ),
          },
          { additionalProperties: false, examples: [{ user: 'alice', groups: ['team-7'], ttlSeconds: 900 }] },
        ),
        response: {
          201: answer(
            'The token.',
            Type.Object({ token: Type.String(), expiresAt: Type.String({ format: 'date-time' }) }),
          ),
          ...problems(404, 413),
        },
      },
    },
    async (request, reply) => {
      const {
        user,
        groups,
        places,
        placesWatch,
        name,
        scope,
        ttlSeconds = Math.min(DEFAULT_TTL_S, maxTokenTtlS),
      } = request.body;
      if (scope !== undefined) checkScope(scope);
      const issued = await issuer.issue({
        user,
        tenant: tenantOf(request),
        ttlSeconds,
        ...(groups !== undefined && { groups }),
        ...(places !== undefined && { places }),
        ...(placesWatch !== undefined && { placesWatch }),
        ...(name !== undefined && { name }),
        ...(scope !== undefined && { scope }),
      });
      return reply.code(201).send({ token: issued.token, expiresAt: isoTime(issued.expiresAt) });
    },
  );
  done();
};
