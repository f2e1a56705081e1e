import { namesPlace } from '../domain/place-pattern.ts';
import type { Principal } from './principal.ts';

/** Who may enter and watch a place: anyone of the tenant, or only who has it in their token. */
export type PlacePolicy = 'tenant' | 'token';

type Named = Pick<Principal, 'places' | 'placesWatch'>;

const NONE: readonly string[] = [];

/** Whether the token lets its user into a place. That it has the scope `connect` is not looked at here. */
export const mayEnter = ({ places = NONE }: Named, place: string, policy: PlacePolicy): boolean =>
  policy === 'tenant' || namesPlace(places, place);

/** Whether the token shows who is in a place. That it has the scope `watch` is not looked at here. */
export const mayWatch = (principal: Named, place: string, policy: PlacePolicy): boolean =>
  mayEnter(principal, place, policy) || namesPlace(principal.placesWatch ?? NONE, place);
