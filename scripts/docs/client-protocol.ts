import type { TSchema } from 'typebox';
import { CLIENT_FRAMES } from '../../src/protocol/client-frames.ts';
import { CLOSE_CODES, ERROR_CODES } from '../../src/protocol/codes.ts';
import { PresenceSchema } from '../../src/protocol/presence-schema.ts';
import { SERVER_FRAMES } from '../../src/protocol/server-frame-schemas.ts';

/** As much of JSON Schema as frames use. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly description?: string;
}

const HEAD =
  '// Made from src/protocol of the service by `npm run docs`: do not edit. It is all that client and service share.\n\n';

const PRESENCE: Schema = JSON.parse(JSON.stringify(PresenceSchema));
const isPresence = ({ properties }: Schema): boolean =>
  properties !== undefined &&
  Object.keys(properties).join() === Object.keys(PRESENCE.properties ?? {}).join();

/** What stands in several frames under a name of its own. */
const NAMED: Readonly<Record<string, string>> = { note: 'Note', self: 'Self' };

const typeOf = (schema: Schema, indent: string, key = ''): string => {
  if (isPresence(schema)) return 'Presence';
  if (schema.properties && NAMED[key] !== undefined) return NAMED[key];
  if (key === 'code' && schema.enum) return 'ErrorCode';
  if (key === 'status' && schema.enum?.includes('offline')) return 'Status';
  if (schema.const !== undefined) return JSON.stringify(schema.const).replaceAll('"', "'");
  if (schema.enum) return schema.enum.map((value) => `'${String(value)}'`).join(' | ');
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one, indent)).join(' | ');
  if (schema.items) {
    const item = typeOf(schema.items, indent);
    return item.includes(' | ') ? `readonly (${item})[]` : `readonly ${item}[]`;
  }
  if (schema.properties) return objectOf(schema, indent);
  if (schema.type === 'object') return 'Readonly<Record<string, unknown>>';
  if (schema.type === 'integer' || schema.type === 'number') return 'number';
  if (schema.type === 'string' || schema.type === 'boolean') return schema.type;
  return 'unknown';
};

const objectOf = ({ properties = {}, required = [] }: Schema, indent: string): string => {
  const inner = `${indent}  `;
  const lines = Object.entries(properties).map(([key, schema]) => {
    const doc = schema.description === undefined ? '' : `${inner}/** ${schema.description} */\n`;
    return `${doc}${inner}readonly ${key}${required.includes(key) ? '' : '?'}: ${typeOf(schema, inner, key)};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
};

const named = (name: string, schema: TSchema | Schema): string => {
  const { description } = schema as Schema;
  return `${description === undefined ? '' : `/** ${description} */\n`}export interface ${name} ${objectOf(schema as Schema, '')}\n`;
};

const capital = (type: string): string => (type[0] ?? '').toUpperCase() + type.slice(1);

const union = (name: string, doc: string, members: readonly string[]): string =>
  `/** ${doc} */\nexport type ${name} =\n${members.map((member) => `  | ${member}`).join('\n')};\n`;

/** `packages/client/src/protocol/frames.ts`: what goes over the wire, as types. */
export const clientFrames = (): string => {
  const { self, presence, welcome } = SERVER_FRAMES as unknown as Readonly<Record<string, Schema>>;
  const { type: _, ...selfFields } = self?.properties ?? {};
  const note = PRESENCE.properties?.['note'] ?? {};
  const servers = Object.entries(SERVER_FRAMES).map(
    ([type, schema]) => [`${capital(type)}Frame`, schema] as const,
  );
  const clients = Object.entries(CLIENT_FRAMES).map(
    ([type, schema]) => [`Send${capital(type)}`, schema] as const,
  );
  if (!presence || !welcome) throw new Error('has no frames to be made from');
  return [
    `${HEAD}import type { ErrorCode } from './codes.ts';\n`,
    "/** What others see. */\nexport type Status = 'online' | 'away' | 'busy' | 'offline';\n",
    named('Note', note),
    named('Presence', PRESENCE),
    named('Self', {
      description: 'What others see of the person, and what they have set.',
      properties: selfFields,
      required: (self?.required ?? []).filter((key) => key !== 'type'),
    }),
    ...servers.map(([name, schema]) => named(name, schema)),
    union(
      'ServerFrame',
      'Every frame that a client gets, by its `type`.',
      servers.map(([name]) => name),
    ),
    ...clients.map(([name, schema]) => named(name, schema)),
    union(
      'ClientFrame',
      'Every frame that a client may send, by its `type`.',
      clients.map(([name]) => name),
    ),
  ].join('\n');
};

/** `packages/client/src/protocol/codes.ts`: the codes without what is told to people, which no bundle has to carry. */
export const clientCodes = (): string => {
  const rows = Object.entries(CLOSE_CODES).map(
    ([code, { name, reconnect }]) => `  /** ${name} */\n  ${code}: '${reconnect}',\n`,
  );
  const errors = Object.keys(ERROR_CODES).map((code) => `  | '${code}'`);
  return `${HEAD}/** Whether a client dials again after a close, by its code. */
export const RECONNECT = {
${rows.join('')}} as const;

export type CloseCodeNumber = keyof typeof RECONNECT;
export type ReconnectAdvice = (typeof RECONNECT)[CloseCodeNumber];

/** What an \`error\` frame may say. */
export type ErrorCode =
${errors.join('\n')};
`;
};
