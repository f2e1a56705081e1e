import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { isGroupId, isUserId } from '../../domain/ids.ts';
import { readPresenceOf } from '../../protocol/presence.ts';
import { answer, problems } from '../answers.ts';
import { permit, tenantOf } from '../auth.ts';
import { invalid } from '../errors.ts';
import { PAGE, PAGING } from '../paging.ts';
import {
  ALICE,
  idSchema,
  named,
  PresenceSchema,
  query,
  TENANT,
  TenantQuery,
  UserIdSchema,
} from '../schemas.ts';
import type { RouteDeps } from './deps.ts';

/** Users one batch may ask for. */
const MAX_BATCH_USERS = 1000;
/** A thousand ids of 128 bytes fit, even with each byte written as `\u00xx` (six) and some white space. */
const BATCH_BODY_LIMIT = 1_048_576;

const group = Type.Optional(idSchema('a group id', 'only members of this group: ', 'team-7'));

const groupOf = (value: string | undefined): string | undefined => {
  if (value !== undefined && !isGroupId(value)) throw invalid('query.group is not a group id');
  return value;
};

const users = Type.Array(named(PresenceSchema));

/** Reads of anyone's presence. */
export const presenceRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (app, { store }, done) => {
  app.get(
    '/users/:id',
    {
      onRequest: permit('read', { own: true }),
      schema: {
        operationId: 'getPresence',
        summary: 'Presence of one user',
        description:
          'Needs the scope `read`, or one’s own token. A user who was never seen is `offline` with `ver` 0.',
        tags: ['presence'],
        security: [{ bearer: ['read'] }],
        params: Type.Object({ id: UserIdSchema }),
        querystring: TenantQuery,
        response: { 200: answer('Their presence.', named(PresenceSchema)), ...problems() },
      },
    },
    async (request) => {
      const { id } = request.params;
      if (!isUserId(id)) throw invalid('path.id is not a user id');
      const [view] = await store.views.read(tenantOf(request), [id], { inUse: true });
      if (view === undefined) throw new Error('the store answered a read of one user with no view');
      return readPresenceOf(view);
    },
  );

  app.post(
    '/batch',
    {
      onRequest: permit('read'),
      bodyLimit: BATCH_BODY_LIMIT,
      schema: {
        operationId: 'getPresences',
        summary: 'Presence of many users',
        description: 'Needs the scope `read`. Answers in the order asked.',
        tags: ['presence'],
        security: [{ bearer: ['read'] }],
        querystring: TenantQuery,
        body: Type.Object(
          { users: Type.Array(UserIdSchema, { maxItems: MAX_BATCH_USERS }) },
          { additionalProperties: false, examples: [{ users: ['alice', 'bob'] }] },
        ),
        response: {
          200: answer('Their presences.', Type.Object({ users }, { examples: [{ users: [ALICE] }] })),
          ...problems(413),
        },
      },
    },
    async (request) => {
      const asked = request.body.users;
      const wrong = asked.findIndex((id) => !isUserId(id));
      if (wrong >= 0) throw invalid(`body.users[${wrong}] is not a user id`);
      const views = await store.views.read(tenantOf(request), asked, { inUse: true });
      return { users: views.map(readPresenceOf) };
    },
  );

  app.get(
    '/online',
    {
      onRequest: permit('read'),
      schema: {
        operationId: 'listOnline',
        summary: 'Everyone who is not offline, in pages',
        description:
          'Needs the scope `read`. Pages are stable: a user who stays is on exactly one of them, even if others come and go meanwhile. A page may have fewer users than asked for, even none; the last one has no `cursor`. With `group` only its members.',
        tags: ['presence'],
        security: [{ bearer: ['read'] }],
        querystring: query({
          tenant: TENANT,
          group,
          ...PAGING,
        }),
        response: {
          200: answer(
            'One page; without `cursor` it is the last.',
            Type.Object(
              { users, cursor: Type.Optional(Type.String({ description: 'opaque' })) },
              { examples: [{ users: [ALICE], cursor: 'bmV4dA' }] },
            ),
          ),
          ...problems(),
        },
      },
    },
    async (request) => {
      const { limit = PAGE.default, cursor } = request.query;
      const group = groupOf(request.query.group);
      const tenant = tenantOf(request);
      const page =
        group === undefined
          ? await store.views.page(tenant, limit, cursor, { inUse: true })
          : await store.groups.page(tenant, group, limit, cursor, { inUse: true });
      return {
        users: page.users.map(readPresenceOf),
        ...(page.cursor !== undefined && { cursor: page.cursor }),
      };
    },
  );

  app.get(
    '/count',
    {
      onRequest: permit('read'),
      schema: {
        operationId: 'countOnline',
        summary: 'How many are online, away and busy',
        description:
          'Needs the scope `read`. With `group`, of its members how many are not offline, and how many there are.',
        tags: ['presence'],
        security: [{ bearer: ['read'] }],
        querystring: query({ tenant: TENANT, group }),
        response: {
          200: answer(
            'The numbers.',
            Type.Union([
              Type.Object(
                {
                  online: Type.Integer({ minimum: 0 }),
                  away: Type.Integer({ minimum: 0 }),
                  busy: Type.Integer({ minimum: 0 }),
                },
                { examples: [{ online: 812, away: 96, busy: 41 }], description: 'of the tenant' },
              ),
              Type.Object(
                { present: Type.Integer({ minimum: 0 }), members: Type.Integer({ minimum: 0 }) },
                {
                  examples: [{ present: 9, members: 14 }],
                  description: 'of a group: members not offline, and all',
                },
              ),
            ]),
          ),
          ...problems(),
        },
      },
    },
    async (request) => {
      const group = groupOf(request.query.group);
      const tenant = tenantOf(request);
      if (group !== undefined) {
        const { present, members } = await store.groups.count(tenant, group);
        return { present, members };
      }
      const { online, away, busy } = await store.views.count(tenant);
      return { online, away, busy };
    },
  );
  done();
};
