import type { PlaceFrame } from './frames.ts';

/** A line to print of a place: a member as found, what happened to one, or how many there are. */
export interface PlaceNews {
  readonly place: string;
  readonly user?: string;
  /** Absent: a member who was there when the watch began. */
  readonly change?: 'entered' | 'changed' | 'left';
  readonly data?: object;
  readonly since?: string;
  /** Of a place that is too large to name its members. */
  readonly total?: number;
}

interface Held {
  readonly ver: number;
  readonly data: string | undefined;
}

/** The members of one place, as far as the watcher was sent them. */
interface Room {
  readonly held: Map<string, Held>;
  /** Members that the snapshot under way has named; `undefined` while none is. */
  named: Set<string> | undefined;
  /** A snapshot was complete: a member who was not in it came later. */
  isListed: boolean;
  total: number | undefined;
}

/** Who is in the places watched, over any number of connections: what is sent again is printed only when it changed. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();

  /** A new connection begins: each place is sent again. */
  opened(): void {
    for (const room of this.#rooms.values()) room.named = undefined;
  }

  forget(places: readonly string[] | undefined): void {
    for (const place of places ?? []) this.#rooms.delete(place);
  }

  apply({ place, users = [], left = [], total, truncated, snapshot, more }: PlaceFrame): PlaceNews[] {
    const room = this.#rooms.get(place) ?? {
      held: new Map(),
      named: undefined,
      isListed: false,
      total: undefined,
    };
    this.#rooms.set(place, room);
    if (total !== undefined || truncated) return countOf(place, room, total);
    if (snapshot) room.named ??= new Set();
    const news: PlaceNews[] = [];
    for (const { user, ver, since, data } of users) {
      room.named?.add(user);
      const held = room.held.get(user);
      const text = data && JSON.stringify(data);
      if (held !== undefined && ver <= held.ver) continue;
      room.held.set(user, { ver, data: text });
      if (held?.data === text && held !== undefined) continue;
      const change = held === undefined ? 'entered' : 'changed';
      const isFound = held === undefined && snapshot === true && !room.isListed;
      news.push({
        ...{ place, user },
        ...(!isFound && { change }),
        ...(data !== undefined && { data }),
        ...(since !== undefined && { since }),
      });
    }
    for (const { user, at, ver } of left) {
      const held = room.held.get(user);
      if (held === undefined || ver <= held.ver) continue;
      room.held.delete(user);
      news.push({ place, user, change: 'left', ...(at !== undefined && { since: at }) });
    }
    if (!snapshot || more) return news;
    const { named } = room;
    room.named = undefined;
    room.isListed = true;
    for (const user of room.held.keys()) {
      if (named?.has(user)) continue;
      room.held.delete(user);
      news.push({ place, user, change: 'left' });
    }
    return news;
  }
}

const countOf = (place: string, room: Room, total: number | undefined): PlaceNews[] => {
  room.held.clear();
  room.isListed = false;
  if (total === undefined || total === room.total) return [];
  room.total = total;
  return [{ place, total }];
};
