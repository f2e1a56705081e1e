import { Ajv2020 } from 'ajv/dist/2020.js';
import { IsDateTime } from 'typebox/format';
import { expect, it } from 'vitest';
import { Dice } from '../../support/fuzz/dice.ts';
import { type Document, documentOf } from './documented.ts';
import { NOW, PRINCIPALS, principal, type Rig, rigs, service } from './rig.ts';

const start = rigs();
PRINCIPALS['all'] = principal('connect watch read write events mint admin');
PRINCIPALS['allEverywhere'] = service('watch read write events mint admin');

const SEED = Number(process.env['ROLLCALL_SEED'] ?? 1);
/** Calls of each operation. */
const CASES = Number(process.env['ROLLCALL_CASES'] ?? 40);

/** Each is good somewhere, or nearly; every field is given all of them. */
const TEXTS = [
  'alice',
  '.',
  '..',
  '...',
  '',
  ' ',
  'a/b',
  'x'.repeat(128),
  'x'.repeat(129),
  'ü'.repeat(64),
  'ü'.repeat(65),
  'a\u0000b',
  'a\u007f',
  '\ud800',
  'user',
  'calendar',
  'a_b',
  'a-1',
  'A'.repeat(33),
  'phone-1',
  'Lunch',
  'x'.repeat(140),
  'x'.repeat(141),
  '🍜'.repeat(140),
  'a\nb',
  '\u200b',
  '\u202eabc',
  'می\u200cروم',
  '\u2028',
  '\u2800',
  '🍜',
  '👩\u200d💻',
  '🇨🇭',
  '🇨',
  '1\ufe0f\u20e3',
  '🏴\u{e0067}\u{e0062}\u{e007f}',
  '🍜🍜',
  '🍜\u200d',
  `${'👩\u200d'.repeat(9)}👩`,
  '2100-01-01T00:00:00Z',
  '2100-01-01T00:00:00.123456789+02:00',
  '2100-02-30T00:00:00Z',
  '2100-01-01',
  '2100-01-01T23:59:60Z',
  '2100-01-01T00:00:00',
  'connect',
  'connect watch',
  ' watch:tenant  connect ',
  'read',
  'connect,watch',
  'connectwatch',
  'busy',
  'away',
  'online',
  'offline',
  'invisible',
  'active',
  'idle',
  'web',
  'api',
  'toaster',
  '1',
  '10',
  '1000',
  '1001',
  '-1',
  '1.5',
  'bmV4dA',
  'b3Bh+c=',
  'a b',
  'acme',
];
const OTHERS = [
  0,
  1,
  9,
  10,
  50,
  200,
  201,
  3600,
  3601,
  1.5,
  -1,
  true,
  false,
  null,
  [],
  {},
  ['alice'],
  ['..'],
  ['a', 7],
];

type Json = Record<string, unknown>;
type Check = (value: unknown) => boolean;
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string; schema: Json }[];
  readonly requestBody?: { content: Record<string, { schema: Json }> };
}

/**
 * All that JSON Schema has no keyword for. The descriptions say it, and the service refuses it: what the document takes
 * is taken by the service but for these. (And cursors that were not given out: no store is asked here.)
 */
const BEYOND_NOTATION: readonly { readonly of: RegExp; readonly refused: Check }[] = [
  // `maxLength` counts characters. Keys of Redis and frames are bounded in bytes.
  {
    of: /^(id|sid|user|users|group|groups|place|places)$/,
    refused: (value) => Buffer.byteLength(String(value)) > 128,
  },
  { of: /^name$/, refused: (value) => Buffer.byteLength(String(value)) > 256 },
  // No keyword knows what time it is.
  { of: /^until$/, refused: (value) => Date.parse(String(value)) <= NOW },
  { of: /^(before|at)$/, refused: (value) => Date.parse(String(value)) > NOW + 5000 },
];

const isBeyond = (name: string, value: unknown): boolean =>
  Array.isArray(value)
    ? value.some((item) => isBeyond(name, item))
    : BEYOND_NOTATION.some(({ of, refused }) => of.test(name) && refused(value));

/** Another library than the service's own, as other programs have; it reads the document as it is published. */
const ajv = new Ajv2020({ strict: false, formats: { 'date-time': IsDateTime } });

interface Field {
  readonly name: string;
  readonly takes: Check;
  /** Those of the values that the document takes; alone of their kind in a list too. */
  readonly good: readonly unknown[];
}
interface Plan {
  readonly method: string;
  readonly path: string;
  readonly inPath: readonly Field[];
  readonly inQuery: readonly Field[];
  readonly inBody: readonly (Field & { readonly isRequired: boolean })[];
  readonly takesBody: Check | undefined;
}

/** A list of what is good alone is good too, and one with something else in it may not be. */
const ALL: readonly unknown[] = [...TEXTS, ...OTHERS, ...TEXTS.map((text) => ['alice', text])];

const fieldOf = (name: string, schema: Json, values: readonly unknown[]): Field => {
  const validate = ajv.compile(schema);
  const isInteger = schema['type'] === 'integer';
  // A query is text.
  const takes: Check = (value) =>
    validate(
      values === TEXTS && isInteger && /^-?\d{1,15}$/.test(String(value)) ? Number(value) : value,
    ) as boolean;
  return { name, takes, good: values.filter(takes) };
};

const planOf = (method: string, path: string, operation: Operation): Plan => {
  const parameters = (place: string) =>
    (operation.parameters ?? [])
      .filter((parameter) => parameter.in === place && parameter.name !== 'tenant')
      .map(({ name, schema }) => fieldOf(name, schema, TEXTS));
  const body = operation.requestBody?.content['application/json']?.schema;
  const required = (body?.['required'] ?? []) as readonly string[];
  const properties = Object.entries((body?.['properties'] ?? {}) as Record<string, Json>);
  return {
    method: method.toUpperCase(),
    path,
    inPath: parameters('path'),
    inQuery: parameters('query'),
    inBody: properties.map(([name, schema]) => ({
      ...fieldOf(name, schema, ALL),
      isRequired: required.includes(name),
    })),
    takesBody: body && (ajv.compile(body) as Check),
  };
};

const plansOf = (document: Document): Plan[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) =>
      planOf(method, path, operation as unknown as Operation),
    ),
  );

/** Mostly a value that the document takes, else any. */
const valueFor = (dice: Dice, { good }: Field, all: readonly unknown[]): unknown =>
  good.length > 0 && dice.chance(0.7) ? dice.one(good) : dice.one(all);

interface Call {
  readonly url: string;
  readonly body: Json | undefined;
  /** Whether the document takes it. */
  readonly isGood: boolean;
  /** Whether it is refused for what no keyword says. */
  readonly isBeyond: boolean;
}

// What is not well-formed has no UTF-8, and these are no segment of a path.
const isSendable = (text: string, inPath: boolean): boolean =>
  !/\p{Cs}/u.test(text) && !(inPath && ['', '.', '..'].includes(text));

const callOf = (dice: Dice, plan: Plan): Call => {
  let { path: url } = plan;
  const query: string[] = [];
  const good: boolean[] = [];
  const beyond: boolean[] = [];
  const note = ({ name, takes }: Field, value: unknown): void => {
    good.push(takes(value));
    beyond.push(isBeyond(name, value));
  };
  for (const field of plan.inPath) {
    const drawn = String(valueFor(dice, field, TEXTS));
    const text = isSendable(drawn, true) ? drawn : 'alice';
    note(field, text);
    url = url.replace(`{${field.name}}`, encodeURIComponent(text));
  }
  for (const field of plan.inQuery) {
    const text = String(valueFor(dice, field, TEXTS));
    if (!isSendable(text, false) || !dice.chance(0.5)) continue;
    note(field, text);
    query.push(`${field.name}=${encodeURIComponent(text)}`);
  }
  if (dice.chance(0.05)) {
    query.push('unknown=1');
    good.push(false);
  }
  if (query.length > 0) url += `?${query.join('&')}`;
  if (plan.takesBody === undefined)
    return { url, body: undefined, isGood: good.every(Boolean), isBeyond: beyond.some(Boolean) };
  const body: Json = {};
  for (const field of plan.inBody) {
    if (!dice.chance(field.isRequired ? 0.95 : 0.4)) continue;
    body[field.name] = valueFor(dice, field, ALL);
    beyond.push(isBeyond(field.name, body[field.name]));
  }
  if (dice.chance(0.05)) body['unknown'] = 1;
  // No keyword compares two fields.
  if ('from' in body && 'until' in body)
    beyond.push(Date.parse(String(body['until'])) <= Date.parse(String(body['from'])));
  good.push(plan.takesBody(body));
  return { url, body, isGood: good.every(Boolean), isBeyond: beyond.some(Boolean) };
};

/** Nobody is ever told of events here, so that a stream of them that is taken does not go on without end. */
const takenOf = ({ path }: Plan): RegExp => (path === '/v1/events' ? /^503$/ : /^2/);

const statusOf = async ({ app }: Rig, { method, path }: Plan, { url, body }: Call): Promise<string> => {
  const { statusCode } = await app.inject({
    method: method as 'GET',
    url,
    headers: {
      authorization: `Bearer ${path === '/v1/nodes' ? 'allEverywhere' : 'all'}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { payload: JSON.stringify(body) }),
  });
  return String(statusCode);
};

it(`takes what the document takes, and refuses what it refuses (ROLLCALL_SEED=${SEED})`, async () => {
  const rig = await start();
  const dice = new Dice(SEED);
  const seen = { good: 0, beyond: 0, bad: 0 };
  // As it is published: what the service keeps beside a schema is not in it.
  for (const plan of plansOf(JSON.parse(JSON.stringify(documentOf(rig.app))) as Document)) {
    for (let n = 0; n < CASES; n += 1) {
      const call = callOf(dice, plan);
      const status = await statusOf(rig, plan, call);
      const said = `${plan.method} ${call.url} ${JSON.stringify(call.body)}`;
      if (!call.isGood) expect(status, `refused by the document: ${said}`).toBe('400');
      else if (call.isBeyond) expect(status, `refused by a description: ${said}`).toBe('400');
      else expect(status, `taken by the document: ${said}`).toMatch(takenOf(plan));
      seen[call.isGood ? (call.isBeyond ? 'beyond' : 'good') : 'bad'] += 1;
    }
  }
  // A change of the lists of values may not turn this into a test of refusals alone.
  expect(seen.good).toBeGreaterThan(CASES * 3);
  expect(seen.bad).toBeGreaterThan(CASES * 3);
  expect(seen.beyond).toBeGreaterThan(0);
});

it('writes no notation that only some libraries for regular expressions know', async () => {
  const { app } = await start();
  const text = JSON.stringify(documentOf(app).paths);
  const patterns = [...text.matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)].map(([, pattern]) => pattern ?? '');
  expect(patterns.length).toBeGreaterThan(10);
  for (const pattern of patterns) expect(pattern).not.toMatch(/\\\\p|\\\\u\{/i);
});
