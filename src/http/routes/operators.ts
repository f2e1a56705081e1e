import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { CLOCK_SKEW_MS } from '../../auth/claims.ts';
import { tokenOwner } from '../../domain/model.ts';
import { parseTime } from '../../protocol/time.ts';
import { answer, noContent, problems } from '../answers.ts';
import { permit, permitOwners, tenantOf } from '../auth.ts';
import { invalid } from '../errors.ts';
import { explanationOf } from '../explanation.ts';
import {
  DisconnectionSchema,
  ExplanationSchema,
  named,
  OwnerTenantQuery,
  RevocationSchema,
  TenantQuery,
  UserIdSchema,
} from '../schemas.ts';
import type { RouteDeps } from './deps.ts';
import { refOf } from './user-ref.ts';

const params = Type.Object({ id: UserIdSchema });

const REVOKE = `Needs the scope \`admin\`. Tokens issued up to 5 s from now, and those without \`iat\`, stop working on every node within a second; sockets close with 4403, and everything of the user ends.

With \`before\`, a moment by the issuer’s clock, exactly the tokens issued before it stop working, and what is open with them ends: a client that signs in again with a newer token is accepted at once. An \`iat\` without a fraction counts as the end of its second, so let the issuer write milliseconds.

The tokens of a service of all tenants are revoked by another such service with \`?tenant=*\`. Its \`sub\` in any other tenant is a different user.`;

const DISCONNECT = `Needs the scope \`admin\`. Closes their sockets with 4403 and ends their sessions and their grace. Their tokens stay valid: a session begins again with its next call.

With \`device\` only what is of that kind ends, also sockets that only watch and sessions that named it: a user who is left on another kind stays present, with no transition unless that changes their status.`;

/** Most calls say nothing more than their path, and then there is nothing to send. */
const allowNoBody = async (request: FastifyRequest): Promise<void> => {
  request.body ??= {};
};

/** ms. @throws ProblemError `invalid` */
const momentOf = (before: string, now: number): number => {
  const moment = parseTime(before);
  if (moment === undefined)
    throw invalid('body.before must be a time as RFC 3339 has it: 2026-05-17T12:00:00.000Z');
  // A much later moment means a wrong clock or unit, and would refuse tokens that are not issued yet.
  if (moment > now + CLOCK_SKEW_MS) throw invalid('body.before may be at most 5 s from now');
  return moment;
};

/** Calls that end or explain a user's presence. */
export const operatorRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (
  app,
  { store, lastSeen, clock },
  done,
) => {
  app.post(
    '/users/:id/logout',
    {
      onRequest: permit('write', { own: true }),
      schema: {
        operationId: 'logoutUser',
        summary: 'Say goodbye everywhere',
        description:
          'Needs the scope `write`, or one’s own token. Ends every connection (1000), session and grace of the user on every node: they are `offline` at once.',
        tags: ['operations'],
        security: [{ bearer: ['write'] }],
        params,
        querystring: TenantQuery,
        response: { 204: noContent('They are offline.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      await store.endings.end(refOf(tenantOf(request), request.params.id), 'logout');
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/users/:id/disconnect',
    {
      onRequest: permit('admin'),
      preValidation: allowNoBody,
      schema: {
        operationId: 'disconnectUser',
        summary: 'Close a user’s connections',
        description: DISCONNECT,
        tags: ['operations'],
        security: [{ bearer: ['admin'] }],
        params,
        querystring: TenantQuery,
        body: DisconnectionSchema,
        response: { 204: noContent('They are ended.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      const ref = refOf(tenantOf(request), request.params.id);
      const { device } = request.body;
      if (device === undefined) await store.endings.end(ref, 'disconnect');
      else await store.endings.disconnect(ref, device);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/users/:id/revoke',
    {
      onRequest: permitOwners('admin'),
      preValidation: allowNoBody,
      schema: {
        operationId: 'revokeUser',
        summary: 'Revoke a user’s tokens',
        description: REVOKE,
        tags: ['operations'],
        security: [{ bearer: ['admin'] }],
        params,
        querystring: OwnerTenantQuery,
        body: RevocationSchema,
        response: { 204: noContent('Their tokens are refused.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      const { tenant, user } = refOf(tenantOf(request), request.params.id);
      const { before } = request.body;
      await store.endings.revoke(
        tokenOwner(tenant, user),
        before === undefined ? undefined : momentOf(before, clock.wall()),
      );
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/presence/users/:id',
    {
      onRequest: permit('admin'),
      schema: {
        operationId: 'forgetUser',
        summary: 'Forget a user',
        description:
          'Needs the scope `admin`. Everything that is known of the user is deleted; their sockets close with 4403, and their watchers are sent `gone`.',
        tags: ['operations'],
        security: [{ bearer: ['admin'] }],
        params,
        querystring: TenantQuery,
        response: { 204: noContent('Forgotten.'), ...problems(413) },
      },
    },
    async (request, reply) => {
      await store.endings.forget(refOf(tenantOf(request), request.params.id));
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/presence/users/:id/explain',
    {
      onRequest: permit('admin'),
      schema: {
        operationId: 'explainPresence',
        summary: 'Why a user’s status is what it is',
        description:
          'Needs the scope `admin`. Connections by node, sessions, claims, the running grace, the next deadline, the places in which others see the user, and the newest transitions as far as the log holds them.',
        tags: ['operations'],
        security: [{ bearer: ['admin'] }],
        params,
        querystring: TenantQuery,
        response: { 200: answer('The whole truth.', named(ExplanationSchema)), ...problems() },
      },
    },
    async (request) => {
      const ref = refOf(tenantOf(request), request.params.id);
      const [why, places] = await Promise.all([store.views.explain(ref), store.places.of(ref)]);
      return explanationOf(why, places, lastSeen);
    },
  );
  done();
};
