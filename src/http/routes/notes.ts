import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { saysSomething } from '../../domain/adornment.ts';
import type { UserRef } from '../../domain/model.ts';
import { noteShown } from '../../protocol/presence.ts';
import { type NoteFields, parseNoteFields } from '../../protocol/status-fields.ts';
import { answer, noContent, problems } from '../answers.ts';
import { permit, tenantOf } from '../auth.ts';
import { NoteRequestSchema, NoteSchema, named, TenantQuery, UserIdSchema } from '../schemas.ts';
import type { RouteDeps } from './deps.ts';
import { selfOf } from './own.ts';
import { refOf } from './user-ref.ts';

const SHOWN =
  'Shown beside every status, also while the user is away, offline or invisible; `since` and `lastSeen` stay as they are. Without `text` and `emoji` the note is cleared. Of two notes the later one counts, whether the person or a service set it.';
const params = Type.Object({ id: UserIdSchema });
const stored = { 200: answer('Stored.', named(NoteSchema)), ...problems(413) };
const cleared = { 204: noContent('Cleared.'), ...problems(413) };

/** What a person says of themselves beside their status: set by them, or by a service for them. */
export const noteRoutes: FastifyPluginCallbackTypebox<RouteDeps> = (app, { store, clock }, done) => {
  const set = async (ref: UserRef, body: NoteFields) => {
    const note = parseNoteFields(body, clock.wall());
    await store.people.note(ref, note);
    return saysSomething(note) ? noteShown(note) : {};
  };

  const own = { tags: ['me'], security: [{ bearer: ['connect'] }] };
  app.put(
    '/me/note',
    {
      onRequest: permit('connect'),
      schema: {
        ...own,
        operationId: 'setMyNote',
        summary: 'Say something of oneself',
        description: `Needs the scope \`connect\`. ${SHOWN}`,
        body: NoteRequestSchema,
        response: stored,
      },
    },
    async (request) => set(selfOf(request), request.body),
  );
  app.delete(
    '/me/note',
    {
      onRequest: permit('connect'),
      schema: {
        ...own,
        operationId: 'clearMyNote',
        summary: 'Clear one’s own note',
        description: 'Needs the scope `connect`. Also when there is none.',
        response: cleared,
      },
    },
    async (request, reply) => {
      await set(selfOf(request), {});
      return reply.code(204).send(null);
    },
  );

  const others = { tags: ['presence'], security: [{ bearer: ['write'] }], params, querystring: TenantQuery };
  app.put(
    '/users/:id/note',
    {
      onRequest: permit('write'),
      schema: {
        ...others,
        operationId: 'setNote',
        summary: 'Set the note of a user',
        description: `Needs the scope \`write\`. ${SHOWN}`,
        body: NoteRequestSchema,
        response: stored,
      },
    },
    async (request) => set(refOf(tenantOf(request), request.params.id), request.body),
  );
  app.delete(
    '/users/:id/note',
    {
      onRequest: permit('write'),
      schema: {
        ...others,
        operationId: 'clearNote',
        summary: 'Clear the note of a user',
        description: 'Needs the scope `write`. Also when there is none.',
        response: cleared,
      },
    },
    async (request, reply) => {
      await set(refOf(tenantOf(request), request.params.id), {});
      return reply.code(204).send(null);
    },
  );
  done();
};
