import { type UserKey, type UserRef, userKey } from '../domain/model.ts';

/** An open connection that only watches. */
export interface Observer {
  readonly ref: UserRef;
}

/**
 * Connections whose token has no `connect`: the membership, which knows those who are present, does not know them.
 * They are few, so they alone pay for an index of their own.
 */
export class Observers {
  readonly #byUser = new Map<UserKey, Observer[]>();

  add(observer: Observer): void {
    const key = userKey(observer.ref);
    const list = this.#byUser.get(key);
    if (list === undefined) this.#byUser.set(key, [observer]);
    else list.push(observer);
  }

  remove(observer: Observer): void {
    const key = userKey(observer.ref);
    const rest = this.#byUser.get(key)?.filter((other) => other !== observer) ?? [];
    if (rest.length === 0) this.#byUser.delete(key);
    else this.#byUser.set(key, rest);
  }

  /** Oldest first. */
  of(ref: UserRef): readonly Observer[] {
    return this.#byUser.get(userKey(ref)) ?? [];
  }
}
