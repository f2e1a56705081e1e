import type { FastifySchemaCompiler } from 'fastify';
import type { TObject, TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { checkFor } from '../protocol/first-error.ts';
import { invalid } from './errors.ts';

/** How the parts of a request are called in messages. */
const PARTS: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
};

/** `/users/3` as people write it: `users[3]`. */
const place = (part: string, pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .reduce(
      (path, step) =>
        /^\d+$/.test(step) ? `${path}[${step}]` : `${path}.${step.replace(/~1/g, '/').replace(/~0/g, '~')}`,
      part,
    );

/** A name that the caller made up is repeated up to here. */
const LONGEST_PLACE = 80;

const describe = (part: string, error: TLocalizedValidationError): string => {
  const at = place(part, error.instancePath).slice(0, LONGEST_PLACE);
  switch (error.keyword) {
    case 'required':
      return `${at}.${error.params.requiredProperties[0]} is required`;
    case 'boolean': // what additional properties are checked against
      return `${at} is not known`;
    case 'enum':
      return `${at} must be one of ${error.params.allowedValues.join(', ')}`;
    default:
      return `${at} ${error.message}`;
  }
};

/** Decimal integers alone: no `1e3`, `0x10`, blanks or fractions that a general conversion would let through. */
const INTEGER = /^-?\d{1,15}$/;

/** Query values are text; those that a schema wants as integers become such. */
const withIntegers = (schema: TObject, value: unknown): unknown => {
  const query = { ...(value as Record<string, unknown>) };
  for (const [name, property] of Object.entries(schema.properties)) {
    const text = query[name];
    if ('type' in property && property.type === 'integer' && typeof text === 'string' && INTEGER.test(text)) {
      query[name] = Number(text);
    }
  }
  return query;
};

/** Checks requests against TypeBox schemas as they came: nothing is coerced, filled in or silently dropped. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = checkFor(schema);
  const part = PARTS[httpPart ?? ''] ?? 'request';
  return (given: unknown) => {
    const value = httpPart === 'querystring' ? withIntegers(schema as TObject, given) : given;
    const wrong = check(value);
    return wrong === undefined ? { value } : { error: invalid(describe(part, wrong)) };
  };
};
