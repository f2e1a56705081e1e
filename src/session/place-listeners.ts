import { type UserKey, userKey } from '../domain/model.ts';
import type { Listener } from './listener.ts';

const keyOf = (tenant: string, place: string): UserKey => userKey({ tenant, user: place });

/** The connections of this node that watch a place, by place: only they are looked at when a user types there. */
export class PlaceListeners {
  readonly #byPlace = new Map<UserKey, Set<Listener>>();
  readonly #placesOf = new Map<Listener, readonly UserKey[]>();

  /** What the connection watches has changed. */
  update(listener: Listener): void {
    this.delete(listener);
    const { principal } = listener.identity;
    // A service of all tenants is no person: no user types to it.
    if (!listener.open || principal.service !== undefined || listener.watchedPlaces.size === 0) return;
    const { tenant } = listener.identity.ref;
    const keys = [...listener.watchedPlaces].map((place) => keyOf(tenant, place));
    this.#placesOf.set(listener, keys);
    for (const key of keys) {
      const listeners = this.#byPlace.get(key);
      if (listeners === undefined) this.#byPlace.set(key, new Set([listener]));
      else listeners.add(listener);
    }
  }

  delete(listener: Listener): void {
    for (const key of this.#placesOf.get(listener) ?? []) {
      const listeners = this.#byPlace.get(key);
      if (listeners?.delete(listener) === true && listeners.size === 0) this.#byPlace.delete(key);
    }
    this.#placesOf.delete(listener);
  }

  /** Those who watch it by name: of a place that outgrew that, no member is shown. */
  of(tenant: string, place: string): Listener[] {
    return [...(this.#byPlace.get(keyOf(tenant, place)) ?? [])].filter((one) => one.followsPlace(place));
  }
}
