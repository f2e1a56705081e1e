import type { PlaceMember } from '../../domain/place.ts';
import type { RawReply } from '../../redis/functions.ts';
import type { PlaceAnswer } from '../port/reports.ts';
import { number, text } from './raw-values.ts';

/** A member, and since when exactly they are shown: where a page continues. */
export interface Found {
  readonly since: number;
  readonly member: PlaceMember;
}

export interface Slice {
  readonly total: number;
  readonly found: readonly Found[];
}

const WIDTH = 7;

/** What follows `ok` in the answer of placeslice.lua. */
export const decodeSlice = ([total, ...flat]: readonly RawReply[]): Slice => ({
  total: number('placeslice', total),
  found: Array.from({ length: flat.length / WIDTH }, (_, i) =>
    foundOf(flat.slice(i * WIDTH, (i + 1) * WIDTH)),
  ),
});

const foundOf = ([user, since, shown, ver, name, groups, data]: readonly RawReply[]): Found => ({
  since: number('placeslice', since),
  member: {
    user: text('placeslice', user),
    ...(name !== '' && { name: text('placeslice', name) }),
    ...(groups !== '' && { groups: JSON.parse(text('placeslice', groups)) as string[] }),
    ...(data !== '' && { data: text('placeslice', data) }),
    since: number('placeslice', shown),
    ver: number('placeslice', ver),
  },
});

/** What nodes have to learn of the places that they reported, by position: see apply.lua. */
export const placesLearned = (learned: string): ReadonlyMap<number, readonly PlaceAnswer[]> => {
  const lists = JSON.parse(`[${learned.slice(0, -1)}]`) as [number, ...PlaceAnswer[]][];
  return new Map(lists.map(([position, ...answers]) => [position, answers]));
};
