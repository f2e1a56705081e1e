import type { PlaceTransition } from '../domain/place.ts';
import { envelope } from './event.ts';

export const PLACE_TYPE = 'rollcall.place';
export const OCCUPIED_TYPE = 'rollcall.place.occupied';
export const VACATED_TYPE = 'rollcall.place.vacated';

/** A change of who is in a place, or of their data, for other services. */
export const placeEvent = ({ tenant, place, user, change, data, reason, ver }: PlaceTransition): object =>
  envelope(
    { type: PLACE_TYPE, tenant, subject: user, id: `${place}:${user}:${ver}`, ver },
    {
      ...{ tenant, place, user, change },
      ...(data !== undefined && change !== 'left' && { data: JSON.parse(data) as object }),
      ...{ reason, ver },
    },
  );

/** The first one came into a place, or the last one left: who it was, the counts do not know. @param at - when it was counted, µs. */
export const turnEvent = (tenant: string, place: string, total: number, at: number): object => {
  const type = total > 0 ? OCCUPIED_TYPE : VACATED_TYPE;
  return envelope({ type, tenant, subject: place, id: `${place}:${at}`, ver: at }, { tenant, place, total });
};
