import { type UserKey, type UserRef, userKey } from '../../domain/model.ts';

/** The members of each group: an index of the groups that rows name. */
export class GroupIndex {
  readonly #members = new Map<string, Set<string>>();
  readonly #groups = new Map<UserKey, readonly string[]>();

  /** @returns whether the user joined or left a group. */
  update(ref: UserRef, groups: readonly string[] = []): boolean {
    const key = userKey(ref);
    const known = this.#groups.get(key) ?? [];
    if (known === groups) return false;
    const left = known.filter((group) => !groups.includes(group));
    const joined = groups.filter((group) => !known.includes(group));
    for (const group of left) this.#remove(groupKey(ref.tenant, group), ref.user);
    for (const group of joined) this.#add(groupKey(ref.tenant, group), ref.user);
    if (groups.length > 0) this.#groups.set(key, groups);
    else this.#groups.delete(key);
    return left.length + joined.length > 0;
  }

  members(tenant: string, group: string): ReadonlySet<string> {
    return this.#members.get(groupKey(tenant, group)) ?? NOBODY;
  }

  #add(key: string, user: string): void {
    const members = this.#members.get(key);
    if (members) members.add(user);
    else this.#members.set(key, new Set([user]));
  }

  #remove(key: string, user: string): void {
    const members = this.#members.get(key);
    members?.delete(user);
    if (members?.size === 0) this.#members.delete(key);
  }
}

const NOBODY: ReadonlySet<string> = new Set();

/** Tenants contain no colon. */
const groupKey = (tenant: string, group: string): string => `${tenant}:${group}`;
