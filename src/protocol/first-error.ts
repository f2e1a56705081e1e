import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';

/** What is looked at of a schema; everything else is left to the library, value by value. */
interface Shape {
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly items?: TSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly '~refine'?: readonly { check(value: unknown): boolean; error(value: unknown): string }[];
}

const validators = new WeakMap<TSchema, Validator>();

const validatorOf = (schema: TSchema): Validator => {
  let validator = validators.get(schema);
  if (validator === undefined) {
    validator = Compile(schema);
    validators.set(schema, validator);
  }
  return validator;
};

const errorAt = (
  keyword: string,
  instancePath: string,
  message: string,
  params: object = {},
): TLocalizedValidationError =>
  ({ keyword, instancePath, schemaPath: '', params, message }) as TLocalizedValidationError;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As JSON Pointer writes a name. */
const step = (name: string): string => name.replace(/~/g, '~0').replace(/\//g, '~1');

const inArray = (
  { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY }: Shape,
  value: readonly unknown[],
  path: string,
): TLocalizedValidationError | undefined => {
  if (value.length > maxItems) return errorAt('maxItems', path, `must not have more than ${maxItems} items`);
  if (value.length < minItems) return errorAt('minItems', path, `must not have fewer than ${minItems} items`);
  if (items === undefined) return undefined;
  for (const [index, item] of value.entries()) {
    const error = firstError(items, item, `${path}/${index}`);
    if (error !== undefined) return error;
  }
  return undefined;
};

const inObject = (
  { properties = {}, required = [], additionalProperties }: Shape,
  value: Record<string, unknown>,
  path: string,
): TLocalizedValidationError | undefined => {
  if (additionalProperties === false) {
    for (const name in value)
      if (!Object.hasOwn(properties, name))
        return errorAt('boolean', `${path}/${step(name)}`, 'is not known');
  }
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined)
    return errorAt('required', path, `must have required properties ${missing}`, {
      requiredProperties: [missing],
    });
  for (const [name, property] of Object.entries(properties)) {
    if (!Object.hasOwn(value, name)) continue;
    const error = firstError(property, value[name], `${path}/${step(name)}`);
    if (error !== undefined) return error;
  }
  return undefined;
};

const firstError = (schema: TSchema, value: unknown, path: string): TLocalizedValidationError | undefined => {
  const shape = schema as Shape;
  if (shape.type === 'array' && Array.isArray(value)) return inArray(shape, value, path);
  if (shape.type === 'object' && isObject(value)) return inObject(shape, value, path);
  // Of another kind: what is in it does not matter.
  if (typeof value === 'object' && value !== null && typeof shape.type === 'string')
    return errorAt('type', path, `must be ${shape.type}`);
  const { maxLength } = shape;
  // A string never has fewer units than characters: a long one is not even counted.
  if (maxLength !== undefined && typeof value === 'string' && value.length > 2 * maxLength)
    return errorAt('maxLength', path, `must not have more than ${maxLength} characters`);
  return refinementError(schema, value, path) ?? libraryError(schema, value, path);
};

/** Refinements speak of the value as people do, and the keywords beside them say the same in notation. */
const refinementError = (
  schema: TSchema,
  value: unknown,
  path: string,
): TLocalizedValidationError | undefined => {
  const { type, '~refine': refinements } = schema as Shape;
  if (refinements === undefined || typeof value !== type) return undefined;
  const failed = refinements.find(({ check }) => !check(value));
  return failed && errorAt('~refine', path, failed.error(value));
};

const libraryError = (
  schema: TSchema,
  value: unknown,
  path: string,
): TLocalizedValidationError | undefined => {
  const validator = validatorOf(schema);
  if (validator.Check(value)) return undefined;
  const [error] = validator.Errors(value);
  return error === undefined
    ? errorAt('invalid', path, 'is not valid')
    : { ...error, instancePath: `${path}${error.instancePath}` };
};

/** What is wrong with a value first, by JSON Pointer; `undefined` when nothing is. */
export type FirstError = (value: unknown) => TLocalizedValidationError | undefined;

/**
 * Makes a check that costs no more for what it refuses than for what it lets in. The bounds of a list, a text or an
 * object are looked at before what is in it, and nothing is looked at behind the first error. The library's own list
 * of errors walks all of a value: half a million wrong items would hold up everybody for half a second.
 */
export const checkFor = (schema: TSchema): FirstError => {
  validatorOf(schema);
  // What passed is bounded. That the library agrees covers keywords that are not looked at here.
  return (value) => firstError(schema, value, '') ?? libraryError(schema, value, '');
};
