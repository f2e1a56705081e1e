import { Compile } from 'typebox/compile';
import { SERVER_FRAMES } from '../../src/protocol/server-frame-schemas.ts';

/** A schema with its objects closed: what is not documented is not sent. */
const closed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, closed(item)]);
  return { ...Object.fromEntries(entries), ...('properties' in value && { additionalProperties: false }) };
};

const VALIDATORS = new Map(
  Object.entries(SERVER_FRAMES).map(([type, schema]) => [type, Compile(closed(schema) as object)]),
);

/** What about a frame is not as documented; `undefined` when all of it is. */
export const serverFrameProblem = (frame: object): string | undefined => {
  const validator = VALIDATORS.get((frame as { type?: string }).type ?? '');
  if (validator === undefined) return `no such frame: ${JSON.stringify(frame).slice(0, 200)}`;
  if (validator.Check(frame)) return undefined;
  const [error] = validator.Errors(frame);
  return `${JSON.stringify(error)} in ${JSON.stringify(frame).slice(0, 500)}`;
};
