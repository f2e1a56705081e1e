import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { isServiceSource, parseServiceClaim, parseWrittenAt } from '../../protocol/claim-fields.ts';
import { isoTime } from '../../protocol/presence.ts';
import { FieldError } from '../../protocol/status-fields.ts';
import type { ServiceClaim } from '../../store/port/people.ts';
import { answer, noContent, problems } from '../answers.ts';
import { permit, tenantOf } from '../auth.ts';
import { invalid } from '../errors.ts';
import {
  ClaimSchema,
  ClearClaimQuery,
  named,
  ServiceClaimSchema,
  SourceSchema,
  TenantQuery,
  UserIdSchema,
} from '../schemas.ts';
import type { RouteDeps } from './deps.ts';
import { refOf } from './user-ref.ts';

const params = Type.Object({ id: UserIdSchema, source: SourceSchema });

const claimOf = (
  source: string,
  { status, priority, text, emoji, until, from, leaseMs, at }: ServiceClaim,
) => ({
  source,
  status,
  priority,
  ...(text !== undefined && { text }),
  ...(emoji !== undefined && { emoji }),
  ...(from !== undefined && { from: isoTime(from) }),
  ...(until !== undefined && { until: isoTime(until) }),
  ...(leaseMs !== undefined && { ttlSeconds: leaseMs / 1000 }),
  ...(at !== undefined && { at: isoTime(at) }),
});

/** `user` is the person, who speaks for themselves. */
const sourceOf = (source: string): string => {
  if (isServiceSource(source)) return source;
  throw invalid('path.source must be 1 to 32 of a–z, 0–9 and hyphens, and not user');
};

/** @throws ProblemError `invalid`, naming the query. */
const writtenAt = (at: string, now: number): number => {
  try {
    return parseWrittenAt(at, now);
  } catch (error) {
    if (error instanceof FieldError) throw invalid(`query.${error.message}`);
    throw error;
  }
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
          'Needs the scope `write`. One claim a source, at most eight of them; of all, and the person’s own, the highest priority counts, then the newest. When it ends or is cleared the next one shows. Also while the user is offline.\n\n`from` begins it later. `ttlSeconds` is a lease: it is not shown, and to renew it with the same claim is no transition. With `at`, the writer’s time, a late write does no harm: one older than another of the source, cleared ones included, changes nothing (409 `outdated`), as does one older than an hour; one of the same `at` is a retry.',
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
        description:
          'Needs the scope `write`. Also when there is none. With `at`, a write of before does not bring it back.',
        params,
        querystring: ClearClaimQuery,
        response: { 204: noContent('Cleared.'), ...problems(409, 413) },
      },
    },
    async (request, reply) => {
      const source = sourceOf(request.params.source);
      const at = request.query.at === undefined ? undefined : writtenAt(request.query.at, clock.wall());
      await store.people.claim(refOf(tenantOf(request), request.params.id), source, null, at);
      return reply.code(204).send(null);
    },
  );
  done();
};
