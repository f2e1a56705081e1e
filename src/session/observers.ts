import { ownerKey, type TokenOwner, type UserKey } from '../domain/model.ts';

/** An open connection that only watches. */
export interface Observer {
  readonly owner: TokenOwner;
}

/**
 * Connections whose token has no `connect`: the membership, which knows those who are present, does not know them.
 * They are few, so they alone pay for an index of their own. Services of all tenants are among them, each as itself: what
 * befalls a user of the same name in the tenant that they watch is nothing to them.
 */
export class Observers {
  readonly #byOwner = new Map<UserKey, Observer[]>();

  add(observer: Observer): void {
    const key = ownerKey(observer.owner);
    const list = this.#byOwner.get(key);
    if (list === undefined) this.#byOwner.set(key, [observer]);
    else list.push(observer);
  }

  remove(observer: Observer): void {
    const key = ownerKey(observer.owner);
    const rest = this.#byOwner.get(key)?.filter((other) => other !== observer) ?? [];
    if (rest.length === 0) this.#byOwner.delete(key);
    else this.#byOwner.set(key, rest);
  }

  /** Oldest first. */
  of(owner: TokenOwner): readonly Observer[] {
    return this.#byOwner.get(ownerKey(owner)) ?? [];
  }
}
