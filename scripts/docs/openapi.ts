import Fastify, { type FastifyInstance } from 'fastify';
import { RULES } from '../../src/config/schema.ts';
import { type ApiDeps, registerApi } from '../../src/http/api.ts';
import { registerOpenApi } from '../../src/http/openapi.ts';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly format?: string;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Media {
  readonly schema?: Schema;
  readonly example?: unknown;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

export interface Operation {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly { readonly bearer: readonly string[] }[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, Media>> }>
  >;
}

export interface Document {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** What descriptions depend on. Routes ask for the rest when they are called, and here none is. */
const DEPS = {
  settings: {
    httpRate: 0,
    redisCommandTimeoutMs: 0,
    maxTokenTtlS: RULES.maxTokenTtlS.default,
    lastSeen: 'exact',
  },
} as unknown as ApiDeps;

/** The OpenAPI document, as a node serves it. */
export const openApiDocument = async (): Promise<Document> => {
  const app = Fastify() as unknown as FastifyInstance;
  app.removeAllContentTypeParsers();
  await registerOpenApi(app, '');
  await registerApi(app, DEPS);
  await app.ready();
  return JSON.parse(JSON.stringify(app.swagger())) as Document;
};

/** Every call with its method in capitals, in the order in which the routes are registered. */
export const callsOf = ({
  paths,
}: Document): readonly { readonly name: string; readonly call: Operation }[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, call]) => ({ name: `${method.toUpperCase()} ${path}`, call })),
  );
