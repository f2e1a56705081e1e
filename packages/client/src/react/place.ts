'use client';
import { useEffect, useRef } from 'react';
import type { Client, Entered, PlaceData, PlaceView } from '../types.ts';
import { useClient } from './provider.tsx';
import { to, useRead, useWatch } from './read.ts';

/** StrictMode and changes of route unmount and mount at once: without this others would see the person leave. */
const LINGER_MS = 1000;

interface Stay {
  readonly entered: Entered;
  /** The data that were sent last, as JSON. */
  sent: string | undefined;
  count: number;
  timer?: ReturnType<typeof setTimeout>;
}

const stays = new WeakMap<Client, Map<string, Stay>>();

const stayIn = (client: Client, place: string, json: string | undefined): Stay => {
  const all = stays.get(client) ?? new Map<string, Stay>();
  stays.set(client, all);
  const stay = all.get(place) ?? { entered: client.enter(place, dataOf(json)), sent: json, count: 0 };
  all.set(place, stay);
  clearTimeout(stay.timer);
  stay.count += 1;
  return stay;
};

const dataOf = (json: string | undefined): PlaceData | undefined =>
  json === undefined ? undefined : (JSON.parse(json) as PlaceData);

const endStay = (client: Client, place: string, stay: Stay): void => {
  stay.count -= 1;
  if (stay.count > 0) return;
  stay.timer = setTimeout(() => {
    stays.get(client)?.delete(place);
    // It may be refused, or end with the connection: either way the person is out.
    stay.entered.leave().catch(() => {});
  }, LINGER_MS);
};

/**
 * Puts the person into a place while the component is mounted, with data that others see there. `undefined` as the place:
 * into none. Equal data are sent once.
 */
export const usePlace = (place: string | undefined, data?: PlaceData): void => {
  const client = useClient();
  const json = data === undefined ? undefined : JSON.stringify(data);
  const stay = useRef<Stay | undefined>(undefined);
  // The data of the moment of entering: what changes later is an update.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    if (place === undefined) return;
    const entered = stayIn(client, place, json);
    stay.current = entered;
    return () => {
      stay.current = undefined;
      endStay(client, place, entered);
    };
  }, [client, place]);
  // The place as well: one that was left a moment ago is still entered with the data it had.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    const entered = stay.current;
    if (entered === undefined || entered.sent === json) return;
    entered.sent = json;
    // A failure is reported by the `error` event of the client.
    entered.entered.update(dataOf(json)).catch(() => {});
  }, [client, place, json]);
};

const LOADING: PlaceView = Object.freeze({ known: false, why: 'loading' });

export interface PlaceMembersOptions {
  /** Only those who are there longest, at most so many (≤ 100): for places of thousands. */
  readonly top?: number;
}

/** Who is in a place, with data, longest first. */
export const usePlaceMembers = (place: string, { top }: PlaceMembersOptions = {}): PlaceView => {
  useWatch({ places: [place], ...(top !== undefined && { top }) });
  return useRead(
    to({ place }),
    place,
    (client) => {
      const view = client.place(place);
      return !view.known && view.why === 'unwatched' ? LOADING : view;
    },
    () => LOADING,
    Object.is,
  );
};
