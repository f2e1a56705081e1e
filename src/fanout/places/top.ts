import type { PlaceMember } from '../../domain/place.ts';

/** Members that a watch by `top` may ask for. */
export const TOP_MAX = 100;

/** Those who are in a place longest, and how many are there. */
export interface Top {
  readonly users: readonly PlaceMember[];
  readonly total: number;
}

export const sameTop = (one: Top, other: Top): boolean =>
  one.total === other.total &&
  one.users.length === other.users.length &&
  one.users.every((member, at) => {
    const counterpart = other.users[at];
    return member.user === counterpart?.user && member.ver === counterpart.ver;
  });
