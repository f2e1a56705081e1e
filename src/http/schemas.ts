import { type TSchema, Type } from 'typebox';
import { isDisplayName } from '../domain/ids.ts';
import { DEVICES, REASONS } from '../domain/model.ts';
import { isServiceSource, LEASE_S, PRIORITY, SERVICE_STATUSES } from '../protocol/claim-fields.ts';
import type { ReadPresence } from '../protocol/presence.ts';
import {
  claimFields,
  EXAMPLE_TIME,
  givenTime,
  idSchema,
  noteFields,
  ALICE as SEEN_ALICE,
  presenceFields as shownFields,
  TEXT_PATTERN,
  time,
  UserIdSchema,
} from '../protocol/presence-schema.ts';
import { OWN_STATUSES } from '../protocol/status-fields.ts';
import {
  ForgottenEventSchema,
  PlaceEventSchema,
  PlaceTurnEventSchema,
  TransitionEventSchema,
} from './event-schemas.ts';
import { PlaceMemberSchema, StaySchema } from './place-schemas.ts';
import { PROBLEM_CODES } from './problem.ts';

export { idSchema, TEXT_PATTERN, UserIdSchema };

// Answers may gain fields, so their schemas are open; what is asked is closed, so that a misspelt field is noticed.

const device = Type.Enum([...DEVICES], { type: 'string', description: 'kind of device' });

/** Only over HTTP: for services, and of oneself. */
const presenceFields = {
  ...shownFields,
  active: Type.Optional(
    Type.Array(device, {
      description:
        'kinds of device in use: of `devices` those that are not idle, so none while the user is idle; absent while offline',
    }),
  ),
};

export const ALICE: ReadPresence = { ...SEEN_ALICE, active: ['web'] };

/** The presence object `P` as HTTP answers it. */
export const PresenceSchema = Type.Object(presenceFields, {
  $id: 'Presence',
  description: 'What others see of one user, with the kinds of device in use.',
  examples: [ALICE],
});

/** s a session may live between two calls. */
const SESSION_TTL_S = { min: 10, max: 3600 } as const;

/** A reference to one of {@link NAMED_SCHEMAS}. Answers alone may use it: what is validated stands in full. */
export const named = (schema: TSchema & { readonly $id?: string }): TSchema =>
  Type.Unsafe({ $ref: `${schema.$id}#` });

/** `?tenant=` of calls about a tenant. */
export const TENANT = Type.Optional(
  Type.String({
    pattern: '^[A-Za-z0-9._-]{1,64}$',
    description: 'the tenant meant; required with a token for every tenant, forbidden with any other',
  }),
);
/** The query of a call. What it does not name is refused: a misspelt name would otherwise widen the request. */
export const query = <Fields extends Record<string, TSchema>>(fields: Fields) =>
  Type.Object(fields, { additionalProperties: false });
export const TenantQuery = query({ tenant: TENANT });

export const GroupIdSchema = idSchema('a group id', '', 'team-7');

/** Of calls about tokens, which services of all tenants have as well. */
export const OwnerTenantQuery = query({
  tenant: Type.Optional(
    Type.String({
      pattern: '^([A-Za-z0-9._-]{1,64}|\\*)$',
      description:
        'the tenant meant, or `*` for the tokens of services of all tenants; required with a token for every tenant, forbidden with any other',
    }),
  ),
});

/** Body of `POST …/revoke`. */
export const RevocationSchema = Type.Object(
  {
    before: Type.Optional(
      givenTime('the issuer’s time before which a token was issued to be refused; at most 5 s from now'),
    ),
  },
  { additionalProperties: false, examples: [{}] },
);

/** Body of `POST …/disconnect`. */
export const DisconnectionSchema = Type.Object(
  { device: Type.Optional(device) },
  { additionalProperties: false, examples: [{}, { device: 'desktop' }] },
);

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

/** Body of `PUT …/note`. */
export const NoteRequestSchema = Type.Object(
  { text: claimFields.text, emoji: claimFields.emoji, until: claimFields.until },
  { additionalProperties: false, examples: [{ text: 'Back on Monday', emoji: '🏖️' }] },
);

export const NoteSchema = Type.Object(noteFields, {
  $id: 'Note',
  description: 'What a person says of themselves beside their status.',
  examples: [{ text: 'Back on Monday', emoji: '🏖️' }],
});

const sourceDescription = 'who says so: `calendar`, `call`, …';

const serviceClaimFields = {
  status: Type.Enum([...SERVICE_STATUSES], { type: 'string' }),
  priority: Type.Optional(
    Type.Integer({
      minimum: PRIORITY.min,
      maximum: PRIORITY.max,
      default: PRIORITY.default,
      description: 'the highest counts, then the newest; the person’s own is 100',
    }),
  ),
  text: claimFields.text,
  emoji: claimFields.emoji,
  from: Type.Optional(givenTime('when it begins; before `until`')),
  until: claimFields.until,
  ttlSeconds: Type.Optional(
    Type.Integer({
      minimum: LEASE_S.min,
      maximum: LEASE_S.max,
      description: 'ends after so long unless it is set again',
    }),
  ),
  at: Type.Optional(givenTime('when it was written, by the writer’s clock; at most 5 s from now')),
};

/** Query of `DELETE …/claims/{source}`. */
export const ClearClaimQuery = query({
  tenant: TENANT,
  at: Type.Optional(givenTime('when it was cleared, by the writer’s clock; at most 5 s from now')),
});

/** Body of `PUT …/claims/{source}`; its rules are those of `parseServiceClaim`. */
export const ServiceClaimSchema = Type.Object(serviceClaimFields, {
  additionalProperties: false,
  examples: [{ status: 'busy', text: 'In a call', emoji: '📞', until: '2100-01-01T00:00:00.000Z' }],
});

export const ClaimSchema = Type.Object(
  {
    source: Type.String({ description: sourceDescription }),
    ...serviceClaimFields,
    priority: Type.Integer(),
  },
  {
    $id: 'Claim',
    description: 'What a service claims of a user, as stored.',
    examples: [{ source: 'calendar', status: 'busy', priority: 50, text: 'Planning' }],
  },
);

/** Source of a claim in a path. */
export const SourceSchema = Type.Refine(
  Type.String({
    pattern: '^(?!user$)[a-z0-9-]{1,32}$',
    description: `${sourceDescription}; not \`user\`, which is the person`,
    examples: ['calendar'],
  }),
  isServiceSource,
  () => 'must be 1 to 32 of a–z, 0–9 and hyphens, and not user',
);

/** Body of `PUT …/me/sessions/{id}`. */
export const SessionRequestSchema = Type.Object(
  {
    ttlSeconds: Type.Integer({
      minimum: SESSION_TTL_S.min,
      maximum: SESSION_TTL_S.max,
      description: 'the session ends when this long passed without another call',
    }),
    activity: Type.Optional(
      Type.Enum(['active', 'idle'], {
        type: 'string',
        description: 'whether the person is active now; without it only the first call is activity',
      }),
    ),
    device: Type.Optional(device),
  },
  { additionalProperties: false, examples: [{ ttlSeconds: 120, activity: 'active', device: 'mobile' }] },
);

export const SessionSchema = Type.Object(
  {
    id: Type.String(),
    ttlSeconds: Type.Integer(),
    device,
    presence: named(MeSchema),
    places: Type.Array(Type.String(), { description: 'those the session is in' }),
  },
  { $id: 'Session', description: 'A presence without a socket, and one’s own presence with it.' },
);

/** Body of `PUT …/users/{id}/sessions/{sid}`. */
export const HeldSessionRequestSchema = Type.Object(
  {
    ...SessionRequestSchema.properties,
    name: Type.Optional(
      Type.Refine(
        Type.String({
          minLength: 1,
          maxLength: 256,
          pattern: TEXT_PATTERN,
          description: 'display name, at most 256 bytes of UTF-8, under the rules of a text',
        }),
        isDisplayName,
        () => 'is not a display name',
      ),
    ),
  },
  { additionalProperties: false, examples: [{ ttlSeconds: 60, device: 'agent', name: 'Summariser' }] },
);

export const HeldSessionSchema = Type.Object(
  {
    id: Type.String(),
    ttlSeconds: Type.Integer(),
    device,
    name: Type.Optional(Type.String()),
    places: Type.Array(Type.String(), { description: 'those the session is in' }),
  },
  { $id: 'HeldSession', description: 'A session that a service holds for a user.' },
);

const devices = Type.Array(device);

const explainedTransition = Type.Object({
  at: time('when it was decided'),
  status: presenceFields.status,
  previous: presenceFields.status,
  reason: Type.Enum([...REASONS], { type: 'string' }),
  since: presenceFields.since,
  ver: presenceFields.ver,
  text: presenceFields.text,
  emoji: presenceFields.emoji,
  until: presenceFields.until,
  note: presenceFields.note,
});

export const ExplanationSchema = Type.Object(
  {
    presence: named(PresenceSchema),
    invisible: Type.Boolean(),
    connections: Type.Array(
      Type.Object({
        node: Type.String({ description: 'id of the node and of its lease' }),
        connections: Type.Integer({ minimum: 1 }),
        newestOpening: time('when the newest of them opened'),
        lastActive: Type.Optional(
          time('as `LAST_SEEN` allows; absent while they took over what the user was'),
        ),
        idle: Type.Boolean(),
        devices,
        active: Type.Array(device, {
          description: 'kinds that their node reports as in use',
        }),
      }),
    ),
    sessions: Type.Array(
      Type.Object({
        id: Type.String(),
        expires: time('when it runs out'),
        lastActive: Type.Optional(time('its last activity, as `LAST_SEEN` allows')),
        idle: Type.Boolean(),
        devices,
      }),
    ),
    claims: Type.Array(
      Type.Object({
        source: Type.String({ description: '`user` is the person' }),
        status: Type.Enum([...OWN_STATUSES], { type: 'string' }),
        priority: Type.Integer(),
        set: time('when it was set'),
        at: Type.Optional(time('when its writer says that it was written')),
        from: Type.Optional(time('when it begins')),
        leaseEnds: Type.Optional(time('when it ends unless it is renewed')),
        text: presenceFields.text,
        emoji: presenceFields.emoji,
        until: presenceFields.until,
      }),
    ),
    counts: Type.Optional(Type.String({ description: 'source of the claim that counts' })),
    grace: Type.Optional(
      Type.Object({
        since: time('when the newest connection closed'),
        ends: time('when the user is offline unless they return'),
        nodeLost: Type.Boolean({ description: 'it was their node that died' }),
      }),
    ),
    nextDeadline: Type.Optional(time('when time alone may change the status')),
    waitsUntil: Type.Optional(time('when a change is shown that waits for its turn: see TRANSITION_BURST')),
    lastActive: Type.Optional(time('also of who is invisible; as `LAST_SEEN` allows')),
    revoked: Type.Optional(time('tokens up to 5 s after it are refused')),
    groups: Type.Array(Type.String()),
    places: Type.Array(Type.String(), { description: 'where others see the user' }),
    transitions: Type.Array(explainedTransition, { description: 'newest first, at most five' }),
  },
  { $id: 'Explanation', description: 'Why a user’s status is what it is.' },
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
export const NAMED_SCHEMAS = [
  PresenceSchema,
  MeSchema,
  ClaimSchema,
  NoteSchema,
  SessionSchema,
  HeldSessionSchema,
  PlaceMemberSchema,
  StaySchema,
  ExplanationSchema,
  NodeSchema,
  ProblemSchema,
  TransitionEventSchema,
  ForgottenEventSchema,
  PlaceEventSchema,
  PlaceTurnEventSchema,
];
