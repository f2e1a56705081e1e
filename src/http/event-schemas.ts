import { type TObject, Type } from 'typebox';
import type { Transition } from '../domain/model.ts';
import { REASONS } from '../domain/model.ts';
import { FORGOTTEN_TYPE, forgottenEvent, TRANSITION_TYPE, transitionEvent } from '../protocol/event.ts';
import { noteFields } from '../protocol/presence-schema.ts';
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

/** What goes over the wire. */
export const EVENT_STREAM_EXAMPLE = `${sseEvent('transition', JSON.stringify(transitionEvent(ALICE)))}${sseCursor('hnx3v0ab2k0.s3VqfJc1b0aQ')}`;
