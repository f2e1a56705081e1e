import { type TObject, Type } from 'typebox';
import type { Transition } from '../domain/model.ts';
import { REASONS } from '../domain/model.ts';
import type { PlaceTransition } from '../domain/place.ts';
import { FORGOTTEN_TYPE, forgottenEvent, TRANSITION_TYPE, transitionEvent } from '../protocol/event.ts';
import { OCCUPIED_TYPE, PLACE_TYPE, placeEvent, turnEvent, VACATED_TYPE } from '../protocol/place-event.ts';
import { anyObject, noteFields } from '../protocol/presence-schema.ts';
import { MAX_TEXT } from '../protocol/status-fields.ts';
import { sseCursor, sseEvent } from '../streams/sse.ts';

const VER = 1_795_253_400_000_000;
const ALICE: Transition = {
  tenant: 'acme',
  user: 'alice',
  status: 'busy',
  previous: 'online',
  since: VER / 1000,
  lastSeen: VER / 1000,
  ver: VER,
  name: 'Alice Liddell',
  groups: ['tea-party'],
  text: 'Tea party',
  emoji: '🫖',
  until: VER / 1000 + 1_800_000,
  reason: 'claim',
  devices: ['web'],
};

const status = Type.Enum(['online', 'away', 'busy', 'offline'], { type: 'string' });
const time = (description: string) => Type.String({ format: 'date-time', description });

const envelope = (type: string, data: TObject) => ({
  specversion: Type.Literal('1.0'),
  type: Type.Literal(type),
  source: Type.String({ format: 'uri-reference', description: '`/rollcall/<tenant>`' }),
  subject: Type.String({ description: 'the user' }),
  id: Type.String({ description: '`<user>:<ver>`' }),
  time: time('when it was decided'),
  datacontenttype: Type.Literal('application/json'),
  data,
});

export const TransitionEventSchema = Type.Object(
  envelope(
    TRANSITION_TYPE,
    Type.Object({
      tenant: Type.String(),
      user: Type.String(),
      status,
      previous: status,
      since: Type.Optional(time('when the status began; of who is offline or away as `LAST_SEEN` allows')),
      lastSeen: Type.Optional(time('when the user was last active; absent while online')),
      ver: Type.Integer({
        description: 'rises with every change: drop what is not newer than what you hold',
      }),
      name: Type.Optional(Type.String()),
      groups: Type.Optional(Type.Array(Type.String())),
      text: Type.Optional(Type.String({ maxLength: MAX_TEXT })),
      emoji: Type.Optional(Type.String()),
      until: Type.Optional(time('when the claimed status ends')),
      note: Type.Optional(
        Type.Object(noteFields, { description: 'what the user says of themselves, also while offline' }),
      ),
      reason: Type.Enum([...REASONS], { type: 'string' }),
    }),
  ),
  {
    $id: 'TransitionEvent',
    description: 'A transition, as a CloudEvent.',
    examples: [transitionEvent(ALICE)],
  },
);

export const ForgottenEventSchema = Type.Object(
  envelope(
    FORGOTTEN_TYPE,
    Type.Object({
      tenant: Type.String(),
      user: Type.String(),
      ver: Type.Integer({ description: 'above that of every transition before it' }),
    }),
  ),
  {
    $id: 'ForgottenEvent',
    description: 'Everything of a user was forgotten, as a CloudEvent.',
    examples: [forgottenEvent(ALICE, VER + 1)],
  },
);

const ANN: PlaceTransition = {
  ...{ tenant: 'acme', place: 'doc:7', user: 'alice', name: 'Alice Liddell', since: VER / 1000, ver: VER },
  ...{ change: 'entered', data: '{"color":"#c33"}', reason: 'enter' },
};

export const PlaceEventSchema = Type.Object(
  {
    ...envelope(
      PLACE_TYPE,
      Type.Object({
        tenant: Type.String(),
        place: Type.String(),
        user: Type.String(),
        change: Type.Enum(['entered', 'changed', 'left'], { type: 'string' }),
        data: Type.Optional(anyObject('what the user says of themselves there; as they sent it')),
        reason: Type.Enum([...REASONS, 'enter', 'leave', 'data'], { type: 'string' }),
        ver: Type.Integer({ description: 'rises with every change of a user in a place' }),
      }),
    ),
    id: Type.String({ description: '`<place>:<user>:<ver>`' }),
  },
  {
    $id: 'PlaceEvent',
    description: 'A user entered or left a place, or says other data there, as a CloudEvent.',
    examples: [placeEvent(ANN)],
  },
);

export const PlaceTurnEventSchema = Type.Object(
  {
    ...envelope(
      OCCUPIED_TYPE,
      Type.Object({
        tenant: Type.String(),
        place: Type.String(),
        total: Type.Integer({ minimum: 0, description: 'users who were there when it was counted' }),
      }),
    ),
    type: Type.Enum([OCCUPIED_TYPE, VACATED_TYPE], { type: 'string' }),
    subject: Type.String({ description: 'the place' }),
    id: Type.String({ description: '`<place>:<µs>`' }),
    time: time('when it was counted'),
  },
  {
    $id: 'PlaceTurnEvent',
    description: 'A place has members, or has none any more, as a CloudEvent.',
    examples: [turnEvent('acme', 'doc:7', 0, VER)],
  },
);

/** What goes over the wire. */
export const EVENT_STREAM_EXAMPLE = `${sseEvent('transition', JSON.stringify(transitionEvent(ALICE)))}${sseCursor('hnx3v0ab2k0.s3VqfJc1b0aQ')}`;
