import { type TSchema, Type } from 'typebox';
import { DEVICES } from '../domain/model.ts';
import { CLIENT_FRAMES, type FrameType } from './client-frames.ts';
import { CLOSE_CODES } from './codes.ts';
import { MAX_PLACE_DATA_BYTES } from './place-data.ts';
import { ALICE, anyObject, claimFields, EXAMPLE_TIME, PresenceSchema } from './presence-schema.ts';
import { SERVER_FRAMES, type ServerFrameType } from './server-frame-schemas.ts';
import { OWN_STATUSES } from './status-fields.ts';

interface Described {
  readonly summary: string;
  readonly examples: readonly object[];
  /** What the server may answer besides `error`. */
  readonly answers?: readonly ServerFrameType[];
}

const CLIENT: Readonly<Record<FrameType, Described>> = {
  auth: {
    summary: 'Sign in, or renew the token in place.',
    examples: [{ type: 'auth', token: 'v4.public.…', ref: '1' }],
    answers: ['welcome'],
  },
  watch: {
    summary:
      'Watch users, the members of own groups, who is in a place, or everyone of the tenant; or how many they are.',
    examples: [
      { type: 'watch', users: ['alice', 'bob'], ref: '2' },
      { type: 'watch', groups: ['tea-party'] },
      { type: 'watch', tenant: true },
      { type: 'watch', places: ['doc:7'], top: 20, ref: '2c' },
      { type: 'watch', groups: ['tea-party'], places: ['doc:7'], count: true },
    ],
    answers: ['presence', 'place', 'count'],
  },
  unwatch: {
    summary: 'Stop watching.',
    examples: [
      { type: 'unwatch', users: ['bob'], ref: '3' },
      { type: 'unwatch', places: ['doc:7'], count: true },
    ],
    answers: ['ack'],
  },
  enter: {
    summary: 'Be in a place, with data or without, or change the data.',
    examples: [
      { type: 'enter', place: 'doc:7', data: { color: '#c33', editing: true }, ref: '6' },
      { type: 'enter', place: 'doc:7' },
    ],
    answers: ['ack'],
  },
  leave: {
    summary: 'Be in a place no more.',
    examples: [{ type: 'leave', place: 'doc:7', ref: '7' }],
    answers: ['ack'],
  },
  activity: { summary: 'This device is in use, or not.', examples: [{ type: 'activity', state: 'idle' }] },
  status: {
    summary: 'Set the person’s own status, or clear it.',
    examples: [
      {
        type: 'status',
        status: 'busy',
        text: 'Tea party',
        emoji: '🫖',
        until: '2100-01-01T00:00:00.000Z',
        ref: '4',
      },
      { type: 'status', status: null },
    ],
    answers: ['ack'],
  },
  note: {
    summary: 'Say something of oneself beside the status; without text and emoji it is cleared.',
    examples: [
      { type: 'note', text: 'Back on Monday', emoji: '🏖️', until: '2100-01-01T00:00:00.000Z', ref: '5' },
      { type: 'note' },
    ],
    answers: ['ack'],
  },
  typing: {
    summary: 'Show a user, a group or who watches a place that this user is typing.',
    examples: [
      { type: 'typing', to: { group: 'tea-party' }, on: true },
      { type: 'typing', to: { place: 'doc:7' }, on: true },
    ],
  },
  ping: { summary: 'Check that the connection is alive.', examples: [{ type: 'ping' }], answers: ['pong'] },
  bye: { summary: 'Leave at once; the server closes with 1000.', examples: [{ type: 'bye' }] },
};

const SERVER: Readonly<Record<ServerFrameType, readonly object[]>> = {
  welcome: [
    {
      type: 'welcome',
      user: 'alice',
      tenant: 'acme',
      expiresAt: '2026-11-21T10:30:00.000Z',
      idleAfterMs: 300_000,
      pingIntervalMs: 25_000,
      pingTimeoutMs: 10_000,
      graceMs: 5_000,
      serverTime: EXAMPLE_TIME,
      limits: {
        frameBytes: 16_384,
        frameRate: 20,
        frameBurst: 60,
        watches: 5_000,
        place: { rate: 5, burst: 10, dataBytes: 1024, places: 16 },
      },
      self: { status: 'offline', invisible: true, claim: { status: 'invisible' } },
      ref: '1',
    },
  ],
  presence: [
    { type: 'presence', users: [ALICE], snapshot: true, ref: '2' },
    {
      type: 'presence',
      users: [{ user: 'bob', status: 'offline', since: EXAMPLE_TIME, ver: 1_795_253_400_000_007 }],
    },
    { type: 'presence', users: [ALICE], snapshot: true, ref: '2b', group: 'tea-party' },
  ],
  members: [{ type: 'members', group: 'tea-party', joined: ['alice'], left: ['bob'] }],
  self: [{ type: 'self', status: 'busy', claim: { status: 'busy' }, note: { text: 'Back on Monday' } }],
  place: [
    {
      type: 'place',
      place: 'doc:7',
      users: [
        {
          user: 'alice',
          name: 'Alice Liddell',
          data: { color: '#c33' },
          since: EXAMPLE_TIME,
          ver: 1_795_253_400_000_011,
        },
      ],
      snapshot: true,
      ref: '2c',
    },
    {
      type: 'place',
      place: 'doc:7',
      left: [{ user: 'bob', at: EXAMPLE_TIME, ver: 1_795_253_400_000_019 }],
    },
  ],
  count: [{ type: 'count', of: { place: 'doc:7' }, present: 2, members: 2 }],
  gone: [{ type: 'gone', users: ['bob'] }],
  typing: [{ type: 'typing', from: 'alice', group: 'tea-party', on: true }],
  ack: [{ type: 'ack', ref: '4' }],
  pong: [{ type: 'pong' }],
  error: [
    { type: 'error', code: 'invalid', message: 'users.0 must be an id', ref: '2' },
    {
      type: 'error',
      code: 'forbidden',
      message: 'only own groups may be watched',
      ref: '2b',
      groups: ['team-8'],
    },
  ],
  reconnect: [{ type: 'reconnect', afterMs: 1840 }],
  degraded: [{ type: 'degraded', on: true }],
};

/** The fields of `status` are read by hand, because HTTP takes the same ones; this is what they may be. */
const statusFrame = Type.Object({
  type: Type.Literal('status'),
  ref: CLIENT_FRAMES.status.properties.ref,
  ...claimFields,
  status: Type.Union([Type.Enum([...OWN_STATUSES], { type: 'string' }), Type.Null()], {
    description: '`null` clears it',
  }),
});

/** The same of `note`. */
const noteFrame = Type.Object({
  type: Type.Literal('note'),
  ref: CLIENT_FRAMES.note.properties.ref,
  text: claimFields.text,
  emoji: claimFields.emoji,
  until: claimFields.until,
});

/** The same of `enter`. */
const enterFrame = Type.Object({
  type: Type.Literal('enter'),
  ref: CLIENT_FRAMES.enter.properties.ref,
  place: CLIENT_FRAMES.enter.properties.place,
  data: Type.Optional(
    anyObject(`any object of at most ${MAX_PLACE_DATA_BYTES} bytes as JSON; without it none`),
  ),
});

/** What a client may send, as documented. */
export const DOCUMENTED_CLIENT_FRAMES: Readonly<Record<FrameType, TSchema>> = {
  ...CLIENT_FRAMES,
  status: statusFrame,
  note: noteFrame,
  enter: enterFrame,
};

const CHANNEL = '#/channels/socket';
const inChannel = (name: string) => ({ $ref: `${CHANNEL}/messages/${name}` });

/** Named apart, because `typing` goes both ways. */
const clientName = (type: string): string => `client-${type}`;
const serverName = (type: string): string => `server-${type}`;

/** Schemas as they stand in the document: what has a name is referred to by it. */
const inDocument = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(inDocument);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $id } = schema as { readonly $id?: string };
  if ($id !== undefined) return { $ref: `#/components/schemas/${$id}` };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inDocument(value)]));
};

const message = (type: string, summary: string, payload: TSchema, examples: readonly object[]) => ({
  name: type,
  title: type,
  summary,
  contentType: 'application/json',
  ...('ref' in (payload as { properties: object }).properties && {
    correlationId: { location: '$message.payload#/ref', description: 'An answer repeats it.' },
  }),
  payload: inDocument(payload),
  examples: examples.map((example) => ({ payload: example })),
});

const clientFrames = Object.entries(CLIENT) as [FrameType, Described][];
const serverFrames = Object.entries(SERVER) as [ServerFrameType, readonly object[]][];

const closeCodes = (): string =>
  Object.entries(CLOSE_CODES)
    .map(([code, { meaning, reconnect }]) => `- \`${code}\`: ${meaning} Reconnect: ${reconnect}.`)
    .join('\n');

/** The WebSocket protocol as an AsyncAPI 3 document, made from the schemas by which frames are read and checked. */
export const asyncApiDocument = (version: string): object => {
  const { $id: _, ...presence } = PresenceSchema as TSchema & { $id?: string };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Rollcall',
      version,
      description: `Who is here right now, and how, over a WebSocket. Text frames, each one JSON object. Both sides ignore fields they do not know.\n\nClose codes:\n\n${closeCodes()}`,
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      node: {
        host: 'localhost:8080',
        protocol: 'ws',
        description: 'Any node, or the balancer in front of them.',
        security: [{ $ref: '#/components/securitySchemes/bearer' }],
      },
    },
    channels: {
      socket: {
        address: '/v1/ws',
        description:
          'The token comes as `Authorization: Bearer`, as the subprotocol pair `rollcall.v1, bearer.<token>`, or in the first frame, `auth`.',
        messages: Object.fromEntries([
          ...clientFrames.map(([type]) => [
            clientName(type),
            { $ref: `#/components/messages/${clientName(type)}` },
          ]),
          ...serverFrames.map(([type]) => [
            serverName(type),
            { $ref: `#/components/messages/${serverName(type)}` },
          ]),
        ]),
        bindings: {
          ws: {
            method: 'GET',
            query: {
              type: 'object',
              properties: {
                device: { type: 'string', enum: [...DEVICES], default: 'web' },
                tenant: {
                  type: 'string',
                  description: 'only with a token whose tenant is `*`: the one meant',
                },
              },
            },
            bindingVersion: '0.1.0',
          },
        },
      },
    },
    operations: Object.fromEntries([
      ...clientFrames.map(([type, { summary, answers = [] }]) => [
        type,
        {
          action: 'receive',
          channel: { $ref: CHANNEL },
          summary,
          messages: [inChannel(clientName(type))],
          reply: {
            channel: { $ref: CHANNEL },
            messages: [...answers, 'error'].map((answer) => inChannel(serverName(answer))),
          },
        },
      ]),
      [
        'push',
        {
          action: 'send',
          channel: { $ref: CHANNEL },
          summary: 'What the server sends by itself.',
          messages: [
            'presence',
            'place',
            'count',
            'self',
            'members',
            'gone',
            'typing',
            'reconnect',
            'degraded',
            'error',
          ].map((type) => inChannel(serverName(type))),
        },
      ],
    ]),
    components: {
      messages: Object.fromEntries([
        ...clientFrames.map(([type, { summary, examples }]) => [
          clientName(type),
          message(type, summary, DOCUMENTED_CLIENT_FRAMES[type], examples),
        ]),
        ...serverFrames.map(([type, examples]) => [
          serverName(type),
          message(
            type,
            String((SERVER_FRAMES[type] as { readonly description?: string }).description),
            SERVER_FRAMES[type],
            examples,
          ),
        ]),
      ]),
      schemas: { Presence: inDocument(presence) },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'PASETO',
          description: 'The token names tenant, user and scopes.',
        },
      },
    },
  };
};
