import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { Compile } from 'typebox/compile';

type Json = Record<string, unknown>;
interface Operation {
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: Json }> }>;
}
export interface Document {
  readonly openapi: string;
  readonly info: Json;
  readonly paths: Record<string, Record<string, Operation & Json>>;
  readonly components: { readonly schemas: Record<string, Json>; readonly securitySchemes: Json };
}

const documents = new WeakMap<FastifyInstance, Document>();

/** The document of a service, made once: it does not change after the start. */
export const documentOf = (app: FastifyInstance): Document => {
  const document = documents.get(app) ?? (app.swagger() as unknown as Document);
  documents.set(app, document);
  return document;
};

/** A schema with its references replaced by what they name, and closed: what is not documented is not sent. */
export const resolved = (document: Document, value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => resolved(document, item));
  if (typeof value !== 'object' || value === null) return value;
  const ref = (value as Json)['$ref'];
  if (typeof ref === 'string') {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(ref)?.[1] ?? '';
    const schema = document.components.schemas[name];
    if (schema === undefined) throw new Error(`the document refers to ${ref}, which it does not have`);
    return resolved(document, schema);
  }
  const entries = Object.entries(value).map(([key, item]) => [key, resolved(document, item)]);
  return { ...Object.fromEntries(entries), ...('properties' in value && { additionalProperties: false }) };
};

interface Checker {
  Check(value: unknown): boolean;
  Errors(value: unknown): readonly object[];
}
/** By the text of the schema: each service of a test has a document of its own, and all say the same. */
const checkers = new Map<string, Checker>();

/** A checker of one schema of the document. Compiling one takes milliseconds, so that each is compiled once. */
const checkerOf = (document: Document, schema: unknown): Checker => {
  const whole = resolved(document, schema);
  const key = JSON.stringify(whole);
  const checker = checkers.get(key) ?? (Compile(whole as object) as unknown as Checker);
  checkers.set(key, checker);
  return checker;
};

const operationOf = (document: Document, method: string, url: string): Operation | undefined => {
  const path = url.split('?', 1)[0] ?? '';
  const exact = document.paths[path];
  const pattern = Object.keys(document.paths).find((candidate) =>
    new RegExp(`^${candidate.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  return (exact ?? document.paths[pattern ?? ''])?.[method.toLowerCase()];
};

/** Throws unless the document says that this call may be answered so, body included. */
export const expectDocumented = (
  app: FastifyInstance,
  method: string,
  url: string,
  response: LightMyRequestResponse,
): void => {
  const document = documentOf(app);
  const operation = operationOf(document, method, url);
  if (operation === undefined) return;
  const what = `${method} ${url.slice(0, 80)} answered ${response.statusCode}`;
  const documented = operation.responses[response.statusCode];
  if (documented === undefined) throw new Error(`${what}, which is not documented`);
  if (documented.content === undefined) {
    if (response.body !== '') throw new Error(`${what} with a body, where none is documented`);
    return;
  }
  const type = String(response.headers['content-type']).split(';', 1)[0] ?? '';
  const media = documented.content[type];
  if (media === undefined) throw new Error(`${what} as ${type}, which is not documented`);
  const validator = checkerOf(document, media.schema);
  if (!validator.Check(response.json())) {
    const [error] = validator.Errors(response.json());
    throw new Error(`${what} with a body that is not as documented: ${JSON.stringify(error)}`);
  }
};
