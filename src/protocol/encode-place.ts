import type { PlaceMember } from '../domain/place.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/** A member of a place as JSON. `data` is JSON already. Fan-out calls this once a change, however many watch the place. */
export const encodeMember = ({ user, name, data, since, ver }: PlaceMember): string => {
  const namePart = name === undefined ? '' : `,"name":${JSON.stringify(name)}`;
  const dataPart = data === undefined ? '' : `,"data":${data}`;
  return `{"user":${JSON.stringify(user)}${namePart}${dataPart},"since":"${iso(since)}","ver":${ver}}`;
};

/** A user who left a place. @param at - when, ms. */
export const encodeLeft = (user: string, at: number, ver: number): string =>
  `{"user":${JSON.stringify(user)},"at":"${iso(at)}","ver":${ver}}`;

/** What a `place` frame holds; users and those who left are encoded, joined by commas. */
export interface PlaceParts {
  readonly users?: string;
  readonly left?: string;
  readonly total?: number;
  /** The place outgrew a watch by name: from now on those who are there longest, and how many there are. */
  readonly truncated?: boolean;
  /** What the client holds of the place is replaced. */
  readonly snapshot?: boolean;
  readonly ref?: string | undefined;
  /** Further frames of the same snapshot follow. */
  readonly more?: boolean;
}

export const placeFrame = (place: string, parts: PlaceParts): string => {
  const { users, left, total, truncated, snapshot, ref, more } = parts;
  let frame = `{"type":"place","place":${JSON.stringify(place)}`;
  if (users !== undefined) frame += `,"users":[${users}]`;
  if (left !== undefined) frame += `,"left":[${left}]`;
  if (total !== undefined) frame += `,"total":${total}`;
  if (truncated) frame += ',"truncated":true';
  if (snapshot) frame += ',"snapshot":true';
  if (ref !== undefined) frame += `,"ref":${JSON.stringify(ref)}`;
  if (more) frame += ',"more":true';
  return `${frame}}`;
};

/** What is counted. */
export type CountOf = { readonly group: string } | { readonly place: string } | { readonly tenant: true };

/** How many there are: of a tenant by status, of a group or place those present and all. */
export type Numbers =
  | { readonly online: number; readonly away: number; readonly busy: number }
  | { readonly present: number; readonly members: number };

export const countFrame = (of: CountOf, numbers: Numbers, ref?: string): string =>
  JSON.stringify({ type: 'count', of, ...numbers, ...(ref !== undefined && { ref }) });
