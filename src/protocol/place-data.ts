import { isWithinBounds } from './json-bounds.ts';
import { FieldError } from './status-fields.ts';

/** Bytes of UTF-8 that the data of one member may have as JSON: everybody in the place is sent them. */
export const MAX_PLACE_DATA_BYTES = 1024;
/** Levels of nesting in it. */
const MAX_DEPTH = 16;
const BOUNDS = { depth: MAX_DEPTH, values: Number.POSITIVE_INFINITY } as const;

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads what a member says of themselves in a place: any JSON object that is small and not nested too deeply.
 *
 * @returns its JSON without white space, which is how it is stored, compared and sent.
 * @throws FieldError
 */
export const parsePlaceData = (value: unknown): string => {
  if (!isObject(value)) throw new FieldError('data', 'must be a JSON object');
  const text = JSON.stringify(value);
  if (text.length > MAX_PLACE_DATA_BYTES || Buffer.byteLength(text) > MAX_PLACE_DATA_BYTES)
    throw new FieldError('data', `must have at most ${MAX_PLACE_DATA_BYTES} bytes as JSON`);
  if (!isWithinBounds(text, BOUNDS))
    throw new FieldError('data', `must not be nested deeper than ${MAX_DEPTH} levels`);
  return text;
};
