import { code, GENERATED_NOTE, table } from './markdown.ts';
import {
  callsOf,
  type Document,
  type Operation,
  openApiDocument,
  type Parameter,
  type Schema,
} from './openapi.ts';

const CHAPTERS: Readonly<Record<string, string>> = {
  presence: 'Presence of anyone',
  me: 'One’s own presence',
  events: 'Events',
  operations: 'Operations',
};

const nameOf = ($ref: string): string => $ref.split('/').at(-1) ?? '';
const anchor = (name: string): string => `[${name}](#${name.toLowerCase()})`;

const range = (from: number | undefined, to: number | undefined): string => {
  if (to === undefined) return from === undefined ? '' : ` at least ${from}`;
  return from === undefined ? ` at most ${to}` : ` ${from}–${to}`;
};

const objectShape = ({ properties = {}, required = [] }: Schema): string => {
  const names = Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`));
  return code(`{${names.join(', ')}}`);
};

/** What a value is, in a few words. */
const shape = (schema: Schema): string => {
  const { $ref, anyOf, items, type, format, maxLength } = schema;
  if ($ref !== undefined) return anchor(nameOf($ref));
  if (anyOf !== undefined) return anyOf.map(shape).join(' or ');
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (items !== undefined)
    return `list, ${[range(schema.minItems, schema.maxItems).trim(), shape(items)].filter(Boolean).join(': ')}`;
  if (schema.properties !== undefined) return objectShape(schema);
  if (format === 'date-time') return 'time';
  if (type === 'string') return maxLength === undefined ? 'text' : `text, at most ${maxLength} characters`;
  return `${String(type)}${range(schema.minimum, schema.maximum)}`;
};

const said = ({ description = '', default: standard }: Schema): string =>
  [description, ...(standard === undefined ? [] : [`default ${code(String(standard))}`])]
    .filter((part) => part !== '')
    .join('; ');

const fields = ({ properties = {}, required = [] }: Schema): string[][] =>
  Object.entries(properties).map(([name, schema]) => [
    `${code(name)}${required.includes(name) ? '' : ' ?'}`,
    shape(schema),
    said(schema),
  ]);

const json = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value)}\n\`\`\``;

const isError = (status: string): boolean => Number(status) >= 400;

/** Answers that every call has, but for those that concern a body alone. */
const commonErrors = (calls: readonly Operation[]): Map<string, string> => {
  const common = new Map<string, string>();
  for (const { responses } of calls)
    for (const [status, { description }] of Object.entries(responses))
      if (isError(status) && !['404', '409'].includes(status)) common.set(status, description);
  return common;
};

const answers = ({ responses }: Operation, common: ReadonlyMap<string, string>): string =>
  Object.entries(responses)
    .filter(([status, { description }]) => common.get(status) !== description)
    .map(([status, { description, content = {} }]) => {
      const schema = Object.values(content)[0]?.schema;
      const of = schema === undefined || isError(status) ? '' : ` (${shape(schema)})`;
      return `- **${status}** ${description}${of}`;
    })
    .join('\n');

/** The page says it once. */
const isUsualTenant = ({ name, description = '' }: Parameter): boolean =>
  name === 'tenant' && description.startsWith('the tenant meant; required with a token for every tenant');

const section = (name: string, call: Operation, common: ReadonlyMap<string, string>): string => {
  const { summary, description = '', parameters = [], requestBody } = call;
  const body = Object.values(requestBody?.content ?? {})[0];
  const given = [
    ...parameters
      .filter((parameter) => !isUsualTenant(parameter))
      .map(({ name: field, in: place, required, description: about, schema }) => [
        `${code(field)}${required === true ? '' : ' ?'}`,
        place,
        shape(schema),
        said({ ...schema, description: about ?? schema.description ?? '' }),
      ]),
    ...fields(body?.schema ?? {}).map(([field = '', of = '', about = '']) => [field, 'body', of, about]),
  ];
  return [
    `### \`${name}\``,
    `**${summary}.** ${description}`.trim(),
    ...(given.length > 0 ? [table(['', 'in', 'is', ''], given)] : []),
    ...(body?.example === undefined ? [] : [json(body.example)]),
    answers(call, common),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
};

const pageOf = (document: Document): string => {
  const calls = callsOf(document);
  const common = commonErrors(calls.map(({ call }) => call));
  const chapters = document.tags.map(({ name: tag }) => {
    const own = calls.filter(({ call }) => call.tags.includes(tag));
    return [`## ${CHAPTERS[tag] ?? tag}`, ...own.map(({ name, call }) => section(name, call, common))].join(
      '\n\n',
    );
  });
  const objects = Object.entries(document.components.schemas).map(([name, schema]) =>
    [`### ${name}`, schema.description ?? '', table(['', 'is', ''], fields(schema))]
      .filter((part) => part !== '')
      .join('\n\n'),
  );
  return `${GENERATED_NOTE}

# The HTTP API

Every node serves this API on \`PORT\`. It is made from the same schemas by which a node checks requests. A running node serves
the OpenAPI 3.1 document at \`/docs/json\` and a page to try it at \`/docs\`.

- The token goes into \`Authorization: Bearer <token>\`. [Which scope allows which call](tokens.md#scopes).
- Bodies are JSON. A query or body field that is not named here is refused with 400 \`invalid\`.
- A field marked with \`?\` may be left out.
- Times are RFC 3339 in UTC.
- A token for every tenant (\`*\`) names the tenant with \`?tenant=\`, in all calls but those about oneself and about nodes. Any
  other token may not.
- \`/livez\`, \`/readyz\` and \`/metrics\` are on \`ADMIN_PORT\`, not here.

${chapters.join('\n\n')}

## Errors of every call

The body is a [Problem](#problem) (\`application/problem+json\`, RFC 9457). Switch on its \`code\`. A 429 or 503 says in
\`Retry-After\` when to try again.

${table(
  ['status', 'what happened'],
  [...common].sort(([a], [b]) => (a < b ? -1 : 1)).map(([status, description]) => [status, description]),
)}

## Objects

${objects.join('\n\n')}
`;
};

/** `docs/http.md`. */
export const httpPage = async (): Promise<string> => pageOf(await openApiDocument());
