import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { isServiceSource, parseServiceClaim } from '../../protocol/claim-fields.ts';
import { isoTime } from '../../protocol/presence.ts';
import type { ServiceClaim } from '../../store/port/people.ts';
import { answer, noContent, problems } from '../answers.ts';
import { permit, tenantOf } from '../auth.ts';
import { invalid } from '../errors.ts';
import {
  ClaimSchema,
  named,
  ServiceClaimSchema,
  SourceSchema,
  TenantQuery,
  UserIdSchema,
} from '../schemas.ts';
import type { RouteDeps } from './deps.ts';
import { refOf } from './user-ref.ts';

const params = Type.Object({ id: UserIdSchema, source: SourceSchema });

const claimOf = (source: string, { status, priority, text, emoji, until }: ServiceClaim) => ({
  source,
  status,
  priority,
  ...(text !== undefined && { text }),
  ...(emoji !== undefined && { emoji }),
  ...(until !== undefined && { until: isoTime(until) }),
});

/** `user` is the person, who speaks for themselves. */
const sourceOf = (source: string): string => {
  if (isServiceSource(source)) return source;
  throw invalid('path.source must be 1 to 32 of a–z, 0–9 and hyphens, and not user');
};

/** What other services say of a person: in a meeting, in a call. */
export const claimRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (app, { store, clock }, done) => {
  const common = { tags: ['presence'], security: [{ bearer: ['write'] }] };
  app.addHook('onRequest', permit('write'));

  app.put(
    '/claims/:source',
    {
      schema: {
        ...common,
        operationId: 'setClaim',
        summary: 'Claim a status for a user',
        description:
          'Needs the scope `write`. One claim a source, at most eight of them; of all, and the person’s own, the highest priority counts, then the newest. When it ends or is cleared the next one shows. Also while the user is offline.',
        params,
        querystring: TenantQuery,
        body: ServiceClaimSchema,
        response: { 200: answer('Stored.', named(ClaimSchema)), ...problems(409, 413) },
      },
    },
    async (request) => {
      const source = sourceOf(request.params.source);
      const claim = parseServiceClaim(request.body, clock.wall());
      await store.people.claim(refOf(tenantOf(request), request.params.id), source, claim);
      return claimOf(source, claim);
    },
  );

  app.delete(
    '/claims/:source',
    {
      schema: {
        ...common,
        operationId: 'clearClaim',
        summary: 'Clear the claim of a source',
        description: 'Needs the scope `write`. Also when there is none.',
        params,
        querystring: TenantQuery,
        response: { 204: noContent('Cleared.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      const source = sourceOf(request.params.source);
      await store.people.claim(refOf(tenantOf(request), request.params.id), source, null);
      return reply.code(204).send(null);
    },
  );
  done();
};
