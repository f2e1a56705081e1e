import type { FollowedEvent, PlaceChange, PlaceMember, Presence, Transition } from './event-types.ts';
import { newer, type Sink } from './sink.ts';

/** A sink in memory: every user and, with `filter.places`, every member of places, as Rollcall shows them. */
export interface MemorySink extends Sink {
  readonly users: ReadonlyMap<string, Presence>;
  /** Only places with members. */
  readonly places: ReadonlyMap<string, ReadonlyMap<string, PlaceMember>>;
  /** The newest cursor; `undefined` before the first snapshot is complete. */
  readonly cursor: string | undefined;
}

/** How many of those who left last are remembered, so that a repeated `entered` does not bring them back. */
const MAX_LEFT = 10_000;

/** Begins with a snapshot at each start of the process. `onChange` is called after each change, with the users in it. */
export const memorySink = (onChange?: (users: readonly string[]) => void): MemorySink => {
  const users = new Map<string, Presence>();
  const places = new Map<string, Map<string, PlaceMember>>();
  const left = new Map<string, number>();
  let cursor: string | undefined;

  const take = (event: FollowedEvent): string | undefined => {
    if (event.type === 'rollcall.place') return changePlace(event.data);
    if (event.type !== 'rollcall.transition' && event.type !== 'rollcall.forgotten') return undefined;
    const { user, ver } = event.data;
    if (!newer(users.get(user)?.ver, ver)) return undefined;
    const shown = event.type === 'rollcall.transition' ? presenceOf(event.data) : undefined;
    // The row of a forgotten user stays: its `ver` keeps repeated events out.
    users.set(user, shown ?? { user, status: 'offline', ver });
    return user;
  };

  const changePlace = (change: PlaceChange): undefined => {
    const { place, user, ver } = change;
    const members = places.get(place);
    const key = JSON.stringify([place, user]);
    if (!newer(members?.get(user)?.ver ?? left.get(key), ver)) return;
    left.delete(key);
    if (change.change === 'left') {
      left.set(key, ver);
      const [oldest] = left.size > MAX_LEFT ? left.keys() : [];
      if (oldest !== undefined) left.delete(oldest);
      members?.delete(user);
      if (members?.size === 0) places.delete(place);
      return;
    }
    if (members) members.set(user, memberOf(change, members.get(user)));
    else places.set(place, new Map([[user, memberOf(change, undefined)]]));
  };

  return {
    users,
    places,
    get cursor() {
      return cursor;
    },
    load: () => cursor,
    forget() {
      cursor = undefined;
    },
    apply(events, next) {
      const changed = events.map(take).filter((user) => user !== undefined);
      if (next !== undefined) cursor = next;
      if (changed.length > 0) onChange?.(changed);
    },
    replace(page) {
      for (const presence of page) users.set(presence.user, presence);
      if (page.length > 0) onChange?.(page.map(({ user }) => user));
    },
    known: () => [...users.keys()],
    replacePlace(place, members) {
      if (members.length === 0) places.delete(place);
      else places.set(place, new Map(members.map((member) => [member.user, member])));
    },
    knownPlaces: () => [...places.keys()],
  };
};

const presenceOf = ({
  tenant: _,
  previous: __,
  groups: ___,
  reason: ____,
  ...presence
}: Transition): Presence => presence;

/** `since` and `name` stay where an event does not repeat them; `data` is absent when there is none any more. */
const memberOf = (change: PlaceChange, held: PlaceMember | undefined): PlaceMember => {
  const { user, ver, data, name = held?.name } = change;
  const since = change.since ?? held?.since ?? new Date(Math.floor(ver / 1000)).toISOString();
  return { user, ver, since, ...(name !== undefined && { name }), ...(data !== undefined && { data }) };
};
