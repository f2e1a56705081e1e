import { Compile } from 'typebox/compile';
import { expect, it } from 'vitest';
import { asyncApiDocument } from '../../../src/protocol/asyncapi.ts';
import { type Document, documentOf, resolved } from './documented.ts';
import { rigs } from './rig.ts';

const start = rigs();

/** The calls of the contract that are built so far. */
const CALLS = [
  'DELETE /v1/presence/me/note',
  'DELETE /v1/presence/me/sessions/{id}',
  'DELETE /v1/presence/me/status',
  'DELETE /v1/presence/users/{id}',
  'DELETE /v1/presence/users/{id}/claims/{source}',
  'DELETE /v1/presence/users/{id}/note',
  'GET /v1/events',
  'GET /v1/nodes',
  'GET /v1/presence/count',
  'GET /v1/presence/me',
  'GET /v1/presence/online',
  'GET /v1/presence/users/{id}',
  'GET /v1/presence/users/{id}/explain',
  'POST /v1/presence/batch',
  'POST /v1/tokens',
  'POST /v1/users/{id}/disconnect',
  'POST /v1/users/{id}/logout',
  'POST /v1/users/{id}/revoke',
  'PUT /v1/presence/me/last-seen',
  'PUT /v1/presence/me/note',
  'DELETE /v1/places/{place}',
  'DELETE /v1/places/{place}/users/{id}',
  'GET /v1/places/{place}',
  'GET /v1/presence/users/{id}/places',
  'POST /v1/places/counts',
  'DELETE /v1/presence/me/sessions/{id}/places/{place}',
  'PUT /v1/presence/me/sessions/{id}/places/{place}',
  'DELETE /v1/presence/users/{id}/sessions/{sid}',
  'DELETE /v1/presence/users/{id}/sessions/{sid}/places/{place}',
  'PUT /v1/presence/users/{id}/sessions/{sid}',
  'PUT /v1/presence/users/{id}/sessions/{sid}/places/{place}',
  'POST /v1/sessions/batch',
  'PUT /v1/presence/me/sessions/{id}',
  'PUT /v1/presence/me/status',
  'PUT /v1/presence/users/{id}/claims/{source}',
  'PUT /v1/presence/users/{id}/note',
  'PUT /v1/users/{id}/groups',
].sort();

interface Media {
  schema: object;
  example?: unknown;
}
interface Described {
  operationId: string;
  summary: string;
  tags: string[];
  security: { bearer: string[] }[];
  parameters?: { name: string; in: string; schema: object }[];
  responses: Record<string, { description: string; headers?: object; content?: Record<string, Media> }>;
}

const operations = (document: Document): [string, Described][] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Described] => [
      `${method.toUpperCase()} ${path}`,
      operation as unknown as Described,
    ]),
  );

it('is the same document at both of its addresses', async () => {
  const { call } = await start();
  const [one, other] = [await call('GET', '/docs/json'), await call('GET', '/docs/openapi.json')];
  expect(other.statusCode).toBe(200);
  expect(other.headers['content-type']).toMatch(/^application\/json/);
  expect(other.json()).toEqual(one.json());
});

it('is an OpenAPI 3.1 document of every call and of nothing else', async () => {
  const { app, call } = await start();
  const response = await call('GET', '/docs/json');
  expect(response.statusCode).toBe(200);
  const document = response.json() as Document;
  expect(document).toEqual(JSON.parse(JSON.stringify(documentOf(app))));
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  expect(document.info).toMatchObject({ title: 'Rollcall', version: '1.2.3' });
  expect(document.components.securitySchemes).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } });
  expect(
    operations(document)
      .map(([name]) => name)
      .sort(),
  ).toEqual(CALLS);
  expect(Object.keys(document.components.schemas).sort()).toEqual([
    'Claim',
    'Explanation',
    'ForgottenEvent',
    'HeldSession',
    'Me',
    'Node',
    'Note',
    'PlaceEvent',
    'PlaceMember',
    'PlaceTurnEvent',
    'Presence',
    'Problem',
    'Session',
    'Stay',
    'TransitionEvent',
  ]);
});

it('has the document of the frames beside it', async () => {
  const { call } = await start();
  const response = await call('GET', '/docs/asyncapi.json');
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toMatch(/^application\/json/);
  expect(response.json()).toEqual(JSON.parse(JSON.stringify(asyncApiDocument('1.2.3'))));
});

it('describes every call in full', async () => {
  const { app } = await start();
  const all = operations(documentOf(app));
  expect(new Set(all.map(([, { operationId }]) => operationId)).size).toBe(all.length);
  for (const [name, { summary, tags, security, parameters = [], responses }] of all) {
    expect(summary, name).toBeTruthy();
    expect(tags, name).toHaveLength(1);
    expect(security, name).toHaveLength(1);
    expect(security[0]?.bearer, name).toHaveLength(1);
    const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    expect(
      parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name),
    ).toEqual(inPath);
    expect(Object.keys(responses), name).toEqual(
      expect.arrayContaining(['400', '401', '403', '429', '500', '503']),
    );
    for (const [status, { description, headers, content }] of Object.entries(responses)) {
      expect(description, `${name} ${status}`).not.toBe('Default Response');
      if (Number(status) < 400) continue;
      expect(Object.keys(content ?? {}), `${name} ${status}`).toEqual(['application/problem+json']);
      expect(headers !== undefined, `${name} ${status}`).toBe(['401', '429', '503'].includes(status));
    }
  }
});

it('gives examples that are what they are examples of', async () => {
  const { app } = await start();
  const document = documentOf(app);
  let seen = 0;
  const check = (value: unknown, where: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const { schema, example, examples, type } = value as Record<string, unknown>;
    const samples = [
      ...(example === undefined ? [] : [[schema ?? value, example]]),
      ...(Array.isArray(examples) && type !== undefined ? examples.map((sample) => [value, sample]) : []),
      ...(schema !== undefined && typeof examples === 'object'
        ? Object.values(examples as Record<string, { value: unknown }>).map((sample) => [
            schema,
            sample.value,
          ])
        : []),
    ];
    for (const [of, sample] of samples) {
      seen += 1;
      const validator = Compile(resolved(document, of) as object);
      expect(validator.Check(sample), `${where}: ${JSON.stringify(validator.Errors(sample))}`).toBe(true);
    }
    for (const [key, item] of Object.entries(value)) {
      if (key !== 'example' && key !== 'examples') check(item, `${where}/${key}`);
    }
  };
  check(document, '#');
  expect(seen).toBeGreaterThan(50);
});

it.each(['/docs', '/docs/'])('shows it at %s under a policy without inline scripts', async (url) => {
  const { call } = await start();
  const page = await call('GET', url);
  expect(page.statusCode).toBe(200);
  expect(page.headers['content-type']).toMatch(/^text\/html/);
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain('unsafe');
  expect(policy).not.toMatch(/https?:/);
  expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>\s*\S/);
  const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => String(file));
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) {
    const { pathname } = new URL(file, `http://localhost${url}`);
    expect((await call('GET', pathname)).statusCode, file).toBe(200);
  }
});
