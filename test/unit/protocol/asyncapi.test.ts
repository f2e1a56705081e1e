import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { asyncApiDocument, DOCUMENTED_CLIENT_FRAMES } from '../../../src/protocol/asyncapi.ts';
import { CLIENT_FRAMES } from '../../../src/protocol/client-frames.ts';
import { parseClientFrame } from '../../../src/protocol/parse-frame.ts';
import { SERVER_FRAMES } from '../../../src/protocol/server-frame-schemas.ts';
import { serverFrameProblem } from '../../support/server-frame-problem.ts';

const require = createRequire(import.meta.url);

interface Message {
  readonly name: string;
  readonly payload: object;
  readonly examples: readonly { readonly payload: object }[];
}
interface AsyncApi {
  readonly channels: { readonly socket: { readonly messages: Record<string, { readonly $ref: string }> } };
  readonly operations: Record<
    string,
    { readonly messages: object[]; readonly reply?: { messages: object[] } }
  >;
  readonly components: {
    readonly messages: Record<string, Message>;
    readonly schemas: Record<string, object>;
  };
}

const document = JSON.parse(JSON.stringify(asyncApiDocument('1.2.3'))) as AsyncApi;
const messages = Object.entries(document.components.messages);

const lookUp = (ref: string): unknown =>
  ref
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);

describe('the AsyncAPI document', () => {
  it('is one, by the schema of AsyncAPI 3', () => {
    const schema = require('@asyncapi/specs/schemas/3.0.0-without-$id.json') as object;
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, logger: false });
    const validate = ajv.compile(schema);
    expect(validate(document), JSON.stringify(validate.errors?.slice(0, 5))).toBe(true);
    // The check itself can fail.
    expect(validate({ ...document, channels: { socket: { address: 7 } } })).toBe(false);
  });

  it('has every frame of both directions, and leads nowhere else', () => {
    const expected = [
      ...Object.keys(CLIENT_FRAMES).map((type) => `client-${type}`),
      ...Object.keys(SERVER_FRAMES).map((type) => `server-${type}`),
    ].sort();
    expect(messages.map(([name]) => name).sort()).toEqual(expected);
    expect(Object.keys(document.channels.socket.messages).sort()).toEqual(expected);
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"(#[^"]+)"/g)].map(([, ref]) => String(ref));
    expect(refs.length).toBeGreaterThan(40);
    for (const ref of refs) expect(lookUp(ref), ref).toBeDefined();
  });

  it('shows every frame in an operation', () => {
    const used = Object.values(document.operations).flatMap((each) => [
      ...each.messages,
      ...(each.reply?.messages ?? []),
    ]) as { $ref: string }[];
    const names = new Set(used.map(({ $ref }) => $ref.split('/').at(-1)));
    expect([...names].sort()).toEqual(messages.map(([name]) => name).sort());
  });

  it.each(messages)('%s has examples that are what they are examples of', (name, { payload, examples }) => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const validate = ajv.compile({ ...payload, components: document.components });
    expect(examples.length).toBeGreaterThan(0);
    for (const { payload: example } of examples) {
      expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
      if (name.startsWith('server-')) expect(serverFrameProblem(example)).toBeUndefined();
      else expect(parseClientFrame(JSON.stringify(example), Date.now()).error).toBeUndefined();
    }
    expect(validate({ type: 'nonsense' })).toBe(false);
  });

  it.each([
    { status: 'hidden' },
    { status: 'busy', text: 7 },
    { status: 'busy', text: 'x'.repeat(141) },
    { status: 'busy', emoji: 1 },
    { status: 'busy', until: 5 },
    {},
  ])('refuses a status that the service refuses: %j', (fields) => {
    const frame = { type: 'status', ...fields };
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(
      DOCUMENTED_CLIENT_FRAMES.status,
    );
    expect(validate(JSON.parse(JSON.stringify(frame)))).toBe(false);
    expect(parseClientFrame(JSON.stringify(frame), Date.now()).error?.code).toBe('invalid');
  });
});
