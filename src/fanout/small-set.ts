/**
 * A set that is an array below eight members: most users have a handful of watchers, and an empty `Set` alone takes
 * more memory than the rest of a cached user. Arrays are replaced, never changed, so that iterations are not disturbed.
 */
export type SmallSet<T> = readonly T[] | Set<T>;

export const EMPTY: readonly never[] = [];
const ARRAY_BELOW = 8;

/** @returns the set to keep in place of the one given. */
export const added = <T>(set: SmallSet<T>, item: T): SmallSet<T> => {
  if (set instanceof Set) return set.add(item);
  if (set.includes(item)) return set;
  const items = [...set, item];
  return items.length < ARRAY_BELOW ? items : new Set(items);
};

/** @returns the set to keep in place of the one given; half the size it grew at makes it an array again. */
export const removed = <T>(set: SmallSet<T>, item: T): SmallSet<T> => {
  if (set instanceof Set) {
    set.delete(item);
    return set.size > ARRAY_BELOW / 2 ? set : [...set];
  }
  if (!set.includes(item)) return set;
  return set.length === 1 ? EMPTY : set.filter((other) => other !== item);
};

export const includes = <T>(set: SmallSet<T>, item: T): boolean =>
  set instanceof Set ? set.has(item) : set.includes(item);

export const sizeOf = (set: SmallSet<unknown>): number => (set instanceof Set ? set.size : set.length);
