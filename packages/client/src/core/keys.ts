import type { CountOf, MembersOf, Target, TypingTarget } from '../types.ts';

/**
 * Names whatever can be watched or subscribed to: its kind, a colon, its id. `u` user, `g` group, `t` tenant, `p` place;
 * with `#` in front their numbers. A string, because ids such as `__proto__` are legal and maps compare by value.
 */
export type Key = `${Kind}:${string}`;
export type Kind = 'u' | 'g' | 't' | 'p' | '#g' | '#p' | '#t';

export const kindOf = (key: Key): Kind => key.slice(0, key.indexOf(':')) as Kind;
export const idOf = (key: Key): string => key.slice(key.indexOf(':') + 1);

export const TENANT: Key = 't:';

type Of = {
  readonly user?: string;
  readonly group?: string;
  readonly place?: string;
  readonly tenant?: true;
};

/** The key of one thing. */
export const keyOf = (of: MembersOf | CountOf | TypingTarget | Of): Key => {
  const { user, group, place } = of as Of;
  if (user !== undefined) return `u:${user}`;
  if (group !== undefined) return `g:${group}`;
  return place === undefined ? TENANT : `p:${place}`;
};

export const countKey = (of: CountOf | Of): Key => `#${keyOf(of)}` as Key;

/** Everything that a target names, once each. */
export const keysOf = ({ users = [], groups = [], tenant, places = [], count }: Target): Key[] => {
  const keys = [
    ...groups.map((group) => keyOf({ group })),
    ...places.map((place) => keyOf({ place })),
    ...(tenant ? [TENANT] : []),
  ];
  const all = count ? keys.map((key) => `#${key}` as Key) : keys;
  return [...new Set([...users.map((user) => keyOf({ user })), ...all])];
};

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** How many bytes an id takes in a frame. */
export const sizeOf = (key: Key): number => bytesOf(JSON.stringify(idOf(key))) + 1;

/** Whether the service would take it: 1 to 128 bytes of UTF-8 without control characters, not `.` or `..`. */
export const isId = (id: string): boolean =>
  id !== '' && bytesOf(id) <= 128 && !/^\.\.?$|\p{Cc}|\p{Cs}/u.test(id);
