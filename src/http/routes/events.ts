import type { Socket } from 'node:net';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { AuthError } from '../../auth/principal.ts';
import type { EventFeed, Replay } from '../../events/feed.ts';
import { CURSOR_PATTERN, ID_LIST_PATTERN } from '../../protocol/patterns.ts';
import { StoreError } from '../../store/port/store-error.ts';
import type { EventStreams } from '../../streams/event-streams.ts';
import { EVENT_STREAM } from '../../streams/sse.ts';
import { problems } from '../answers.ts';
import { callerOf, permit, tenantOf } from '../auth.ts';
import { invalid, unavailable } from '../errors.ts';
import { parseFilter } from '../event-query.ts';
import { EVENT_STREAM_EXAMPLE } from '../event-schemas.ts';
import { query, TENANT } from '../schemas.ts';

export interface EventRouteDeps {
  readonly feed: EventFeed;
  readonly streams: EventStreams;
  /** Called with the connection of a stream that begins: it is none of HTTP any more. */
  readonly handOver: (socket: Socket) => void;
}

const DESCRIPTION = `Needs the scope \`events\`. Server-sent events, until the token ends:

- \`event: transition\`: \`data\` is one CloudEvent (see \`TransitionEvent\` and \`ForgottenEvent\` below): a user’s status changed (\`type\` \`rollcall.transition\`), or a user was forgotten (\`rollcall.forgotten\`: drop what you hold of them). Per user in the order of \`ver\`; drop what is not newer than what you hold.
- \`event: place\`, only with \`places\`: who entered or left one of these places, or says other data there (\`rollcall.place\`, see \`PlaceEvent\`), and whether anybody is there at all (\`rollcall.place.occupied\` and \`rollcall.place.vacated\`, see \`PlaceTurnEvent\`: from counts, at least once; the last one is true within two seconds).
- \`event: cursor\` with \`data: {}\` and an \`id:\`: at once, then about once a second while events come, otherwise every 15 seconds. Everything before it was sent. Store the \`id\` with what you derived from the events; as \`Last-Event-ID\` or \`after\` the \`id\` resumes there, on any node. The last seconds may be repeated.
- \`event: reset\`: the log no longer reaches back to the cursor, or data was lost. Read a snapshot, and continue with what follows.
- a comment every 15 seconds.

Filters are combined: a transition has to pass each one given. \`groups\` compares the groups that the transition carries. \`places\` is beside them: it selects no transition, and they select nothing of places. Joining or leaving a group is no transition, so read \`/v1/presence/online?group=\` for its members. A forgotten user is reported to every reader, except those whose \`users\` does not name them. A slow reader is given the log at its own pace; one that reads nothing for a minute is disconnected, and resumes by its cursor.

One user may have \`MAX_CONNECTIONS_PER_USER\` streams on a node: one more is answered 429 with \`Retry-After\`, those that are open continue. A node that has \`MAX_CONNECTIONS\` sockets and streams answers 503.`;

const STATUS_LIST_PATTERN = (() => {
  const one = '(?:online|away|busy|offline)';
  return `^${one}(?:,${one})*$`;
})();

const list = (description: string, pattern: string, parse: (text: string) => unknown) => {
  const problemOf = (text: unknown): string | undefined => {
    try {
      parse(String(text));
      return undefined;
    } catch (error) {
      return (error as Error).message.replace(/^query\.\w+ /, '');
    }
  };
  return Type.Optional(
    Type.Refine(
      Type.String({ minLength: 1, pattern, description: `${description}, separated by commas` }),
      (text) => problemOf(text) === undefined,
      (text) => problemOf(text) ?? '',
    ),
  );
};

/** The event stream for other services. */
export const eventRoutes: FastifyPluginCallbackTypebox<EventRouteDeps> = (
  app,
  { feed, streams, handOver },
  done,
) => {
  // A server that closes waits for answers under way, and these never end by themselves.
  app.addHook('preClose', async () => streams.finish());

  app.get(
    '/events',
    {
      onRequest: permit('events'),
      exposeHeadRoute: false,
      schema: {
        operationId: 'streamEvents',
        summary: 'Every transition, as it happens',
        description: DESCRIPTION,
        tags: ['events'],
        security: [{ bearer: ['events'] }],
        querystring: query({
          tenant: TENANT,
          users: list('only events of these users', ID_LIST_PATTERN, (users) => parseFilter({ users })),
          groups: list('only events of users in one of these groups', ID_LIST_PATTERN, (groups) =>
            parseFilter({ groups }),
          ),
          status: list(
            'only events with these statuses: `online`, `away`, `busy`, `offline`',
            STATUS_LIST_PATTERN,
            (status) => parseFilter({ status }),
          ),
          places: list(
            'also what happens in these places: ids, prefixes that end in `*` behind one of `: / . -`, or `*` for all',
            ID_LIST_PATTERN,
            (places) => parseFilter({ places }),
          ),
          after: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 4096,
              pattern: CURSOR_PATTERN,
              description: 'where to continue; the header `Last-Event-ID` takes precedence',
            }),
          ),
        }),
        headers: Type.Object({
          'last-event-id': Type.Optional(Type.String({ description: 'the last `id` received' })),
        }),
        response: {
          200: {
            description: 'The events, until the token ends.',
            content: {
              [EVENT_STREAM]: {
                schema: Type.String({ description: 'server-sent events' }),
                example: EVENT_STREAM_EXAMPLE,
              },
            },
          },
          ...problems(),
        },
      },
    },
    async (request, reply) => {
      const filter = parseFilter(request.query);
      // The cursor that browsers send by themselves on reconnect is newer than the one in the URL.
      const cursor = request.headers['last-event-id'] || request.query.after;
      if (streams.draining) throw unavailable('This node is shutting down; connect to another.');
      if (!feed.connected || feed.watermark() === undefined)
        throw unavailable('This is not known right now.');
      const principal = callerOf(request);
      const release = streams.reserve(principal);
      try {
        const replay =
          cursor === undefined ? undefined : await openReplay(feed, cursor, filter.places !== undefined);
        // Gone while the logs were looked at, or answered that it took too long: nothing would ever end this stream.
        if (request.raw.socket.destroyed || reply.sent) {
          release();
          return reply.hijack();
        }
        if (streams.refuses(principal)) throw new AuthError('revoked', 'The token was revoked.');
        startStream(reply);
        handOver(request.raw.socket);
        streams.open(reply.raw, {
          principal,
          tenant: tenantOf(request),
          filter,
          ...(replay !== undefined && { replay }),
          lost: cursor !== undefined && replay === undefined,
          release,
        });
        return reply;
      } catch (error) {
        release();
        throw error;
      }
    },
  );
  done();
};

const openReplay = async (
  feed: EventFeed,
  cursor: string,
  hasPlaces: boolean,
): Promise<Replay | undefined> => {
  try {
    return await feed.replay(cursor, hasPlaces);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'invalid_cursor')
      throw invalid('query.after or Last-Event-ID is not a cursor that this service returned');
    throw error;
  }
};

/** From here on this code owns the response: no time limit of a call or of an idle connection ends it. */
const startStream = (reply: FastifyReply): void => {
  const headers = reply.getHeaders();
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) raw.setHeader(name, value);
  raw.setHeader('content-type', EVENT_STREAM);
  // Proxies that collect an answer before they pass it on would keep the events.
  raw.setHeader('x-accel-buffering', 'no');
  raw.writeHead(200);
  raw.flushHeaders();
  raw.socket?.setTimeout(0);
  raw.socket?.setNoDelay(true);
  raw.socket?.setKeepAlive(true, KEEP_ALIVE_MS);
};

/** A peer that vanished is noticed by its system's silence. */
const KEEP_ALIVE_MS = 30_000;
