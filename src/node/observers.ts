import { type OwnGroups, ownerKey, type TokenOwner, type UserKey } from '../domain/model.ts';
import type { Membership, UserConnection } from './membership.ts';

/** An open connection that only watches. Of a service of all tenants there is no `ref`. */
export interface Observer extends UserConnection {
  readonly owner: TokenOwner;
}

/**
 * Connections whose token has no `connect`. The membership, which knows those who are present, knows them for what their tokens
 * say of their users; they are few, so they alone pay for an index of their own. Services of all tenants are among them, each
 * as itself: what befalls a user of the same name in the tenant that they watch is nothing to them, and they say nothing of it.
 */
export class Observers {
  readonly #byOwner = new Map<UserKey, Observer[]>();
  readonly #membership: Pick<Membership, 'observe' | 'unobserve' | 'renewed'>;

  constructor(membership: Pick<Membership, 'observe' | 'unobserve' | 'renewed'>) {
    this.#membership = membership;
  }

  /** Resolves with the groups that the user is in, or `undefined` where that is not known within a second. */
  add(observer: Observer): Promise<OwnGroups | undefined> {
    const key = ownerKey(observer.owner);
    const list = this.#byOwner.get(key);
    if (list === undefined) this.#byOwner.set(key, [observer]);
    else list.push(observer);
    return isUser(observer) ? this.#membership.observe(observer) : Promise.resolve(undefined);
  }

  remove(observer: Observer): void {
    const key = ownerKey(observer.owner);
    const rest = this.#byOwner.get(key)?.filter((other) => other !== observer) ?? [];
    if (rest.length === 0) this.#byOwner.delete(key);
    else this.#byOwner.set(key, rest);
    if (isUser(observer)) this.#membership.unobserve(observer);
  }

  /** Its token was renewed. */
  renewed(observer: Observer): void {
    if (isUser(observer)) this.#membership.renewed(observer);
  }

  /** Oldest first. */
  of(owner: TokenOwner): readonly Observer[] {
    return this.#byOwner.get(ownerKey(owner)) ?? [];
  }
}

const isUser = ({ owner }: Observer): boolean => owner.service === undefined;
