/** RFC 3339, without leap seconds, which no clock here has. */
export const TIME_PATTERN =
  '^(\\d{4})-(\\d{2})-(\\d{2})[Tt](?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:[Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)$';
const RFC3339 = new RegExp(TIME_PATTERN);

/**
 * Reads an RFC 3339 time; parts of a millisecond are cut off.
 *
 * @returns ms since the epoch, or `undefined` when it is not one. `Date.parse` alone takes half the world's formats,
 *   guesses the zone where there is none, and turns 30 February into March.
 */
export const parseTime = (text: string): number | undefined => {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = match.slice(1, 4).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(2000, 0, 1));
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const ms = Date.parse(text.toUpperCase());
  return Number.isNaN(ms) ? undefined : ms;
};
