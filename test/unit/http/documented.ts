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

export const documentOf = (app: FastifyInstance): Document => app.swagger() as unknown as Document;

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
  const validator = Compile(resolved(document, media.schema) as object);
  if (!validator.Check(response.json())) {
    const [error] = validator.Errors(response.json());
    throw new Error(`${what} with a body that is not as documented: ${JSON.stringify(error)}`);
  }
};
