import type { Status } from '../../domain/model.ts';
import type { Presence } from '../../protocol/presence.ts';
import type { PresenceFrame } from './frames.ts';
import { TENANT_REF } from './target.ts';

/** A line to print: a state as it was found, or (with `previous`) a transition. */
export interface News {
  readonly presence: Pick<Presence, 'user' | 'status'> & Partial<Presence>;
  readonly previous?: Status;
}

/**
 * What a watcher knows, over any number of connections: the newest version of each user decides, so what is sent
 * again after a reconnect is printed only when it changed meanwhile.
 */
export class Board {
  readonly #named: ReadonlySet<string>;
  readonly #held = new Map<string, Presence>();
  /** Users that the current connection has mentioned: the others may have left while there was none. */
  #told = new Set<string>();
  /** The tenant's list on the current connection is not complete yet. */
  #listing = false;
  /** A whole list was read: a user not in it was offline. */
  #listed = false;

  /** @param named - users asked for by id: they stay known while offline. */
  constructor(named: readonly string[]) {
    this.#named = new Set(named);
  }

  /** A new connection begins. */
  opened(): void {
    this.#told = new Set();
    this.#listing = true;
  }

  apply(frame: PresenceFrame): News[] {
    const news = frame.users.flatMap((presence) => this.#take(presence, frame.snapshot === true));
    const listed = frame.snapshot === true && frame.ref === TENANT_REF && frame.more !== true;
    return listed ? [...news, ...this.#left()] : news;
  }

  /** These are no longer watched: their versions may start over. */
  forget(users: readonly string[] | undefined, tenant: boolean): void {
    for (const user of users ?? []) this.#held.delete(user);
    if (!tenant) return;
    this.#listed = false;
    for (const user of this.#held.keys()) if (!this.#named.has(user)) this.#held.delete(user);
  }

  #take(presence: Presence, snapshot: boolean): News[] {
    const { user } = presence;
    if (this.#listing) this.#told.add(user);
    const held = this.#held.get(user);
    if (held !== undefined && presence.ver <= held.ver) return [];
    const leaves = presence.status === 'offline' && !this.#named.has(user);
    if (leaves) this.#held.delete(user);
    else this.#held.set(user, presence);
    if (held !== undefined) return [{ presence, previous: held.status }];
    // The user came and went between two frames: there is nothing to print.
    if (leaves) return [];
    return snapshot && !(this.#listed && !this.#named.has(user))
      ? [{ presence }]
      : [{ presence, previous: 'offline' }];
  }

  /**
   * The list of a tenant holds everyone who is not offline: a user who was present before and is not in it has left.
   */
  #left(): News[] {
    this.#listing = false;
    this.#listed = true;
    const left: News[] = [];
    for (const [user, { status }] of this.#held) {
      if (this.#told.has(user) || this.#named.has(user) || status === 'offline') continue;
      this.#held.delete(user);
      left.push({ presence: { user, status: 'offline' }, previous: status });
    }
    this.#told.clear();
    return left;
  }
}
