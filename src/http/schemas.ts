import { type TSchema, Type } from 'typebox';
import { DEVICES } from '../domain/model.ts';
import type { Presence } from '../protocol/presence.ts';
import { MAX_TEXT, OWN_STATUSES } from '../protocol/status-fields.ts';
import { PROBLEM_CODES } from './problem.ts';

// Answers may gain fields, so their schemas are open; what is asked is closed, so that a misspelt field is noticed.

const time = (description: string) => Type.String({ format: 'date-time', description });

const EXAMPLE_TIME = '2026-11-21T09:30:00.000Z';

/** The example of a user who is here. */
export const ALICE: Presence = {
  user: 'alice',
  status: 'busy',
  since: EXAMPLE_TIME,
  ver: 1_795_253_400_000_000,
  lastSeen: '2026-11-21T09:41:12.000Z',
  name: 'Alice Liddell',
  text: 'Tea party',
  emoji: '🫖',
  until: '2026-11-21T10:00:00.000Z',
  devices: ['web', 'mobile'],
};

/** A user id in a path or body. Its bytes and characters are checked by the rules of the domain, not by a pattern. */
export const UserIdSchema = Type.String({
  description: '1 to 128 bytes of UTF-8 without control characters, not `.` or `..`',
  examples: ['alice'],
});

const presenceFields = {
  user: UserIdSchema,
  status: Type.Enum(['online', 'away', 'busy', 'offline'], {
    type: 'string',
    description: 'what others see',
  }),
  since: Type.Optional(time('when the status began; absent of users never seen')),
  ver: Type.Integer({
    minimum: 0,
    description: 'rises with every change: drop what is not newer than what you hold; 0 of users never seen',
  }),
  lastSeen: Type.Optional(time('when the user was last active; absent while online')),
  name: Type.Optional(Type.String({ description: 'display name' })),
  text: Type.Optional(Type.String({ maxLength: MAX_TEXT })),
  emoji: Type.Optional(Type.String()),
  until: Type.Optional(time('when the claimed status ends')),
  devices: Type.Optional(
    Type.Array(Type.Enum([...DEVICES], { type: 'string' }), {
      description: 'kinds of device alive; absent while offline',
    }),
  ),
};

export const PresenceSchema = Type.Object(presenceFields, {
  $id: 'Presence',
  description: 'What others see of one user.',
  examples: [ALICE],
});

const claimFields = {
  status: Type.Enum([...OWN_STATUSES], { type: 'string' }),
  text: Type.Optional(
    Type.String({ maxLength: MAX_TEXT, description: 'without control characters; empty is none' }),
  ),
  emoji: Type.Optional(Type.String({ description: 'one emoji' })),
  until: Type.Optional(time('when it ends by itself: in the future')),
};

/** Body of `PUT …/me/status`. The rules of the fields are those of the `status` frame: see `parseStatusFields`. */
export const OwnStatusSchema = Type.Object(claimFields, {
  additionalProperties: false,
  examples: [{ status: 'busy', text: 'Tea party', emoji: '🫖' }, { status: 'invisible' }],
});

export const MeSchema = Type.Object(
  {
    ...presenceFields,
    invisible: Type.Optional(
      Type.Literal(true, { description: 'others see offline because the person wishes so' }),
    ),
    claim: Type.Optional(Type.Object(claimFields, { description: 'the status the person has set' })),
  },
  {
    $id: 'Me',
    description: 'One’s own presence: what others see, and the truth about it.',
    examples: [{ ...ALICE, claim: { status: 'busy', text: 'Tea party', emoji: '🫖', until: ALICE.until } }],
  },
);

export const NodeSchema = Type.Object(
  {
    id: Type.String({ description: 'random per process' }),
    name: Type.String({ description: 'label, from `NODE_NAME`' }),
    version: Type.String(),
    connections: Type.Integer({ minimum: 0 }),
    users: Type.Integer({ minimum: 0 }),
    startedAt: time('when the process started'),
    lastHeartbeat: time('its newest heartbeat'),
  },
  {
    $id: 'Node',
    description: 'One running process.',
    examples: [
      {
        id: 'x7f3k2',
        name: 'rollcall-0:8080',
        version: '1.0.0',
        connections: 812,
        users: 640,
        startedAt: EXAMPLE_TIME,
        lastHeartbeat: '2026-11-21T09:41:12.000Z',
      },
    ],
  },
);

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ format: 'uri-reference' }),
    title: Type.String({ description: 'the name of the status code' }),
    status: Type.Integer(),
    detail: Type.Optional(Type.String({ description: 'for people; may change' })),
    code: Type.Enum([...PROBLEM_CODES], { type: 'string', description: 'for programs; stable' }),
  },
  { $id: 'Problem', description: 'An error, as RFC 9457 has it.' },
);

/** Schemas that the document holds once and refers to by name. */
export const NAMED_SCHEMAS = [PresenceSchema, MeSchema, NodeSchema, ProblemSchema];

/** A reference to one of {@link NAMED_SCHEMAS}. Answers alone may use it: what is validated stands in full. */
export const named = (schema: TSchema & { readonly $id?: string }): TSchema =>
  Type.Unsafe({ $ref: `${schema.$id}#` });
