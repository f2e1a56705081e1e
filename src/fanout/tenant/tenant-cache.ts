import type { CachedUser } from '../views/cached-user.ts';
import { Readings } from '../views/readings.ts';
import type { GroupSet } from './group-set.ts';
import type { TenantSet } from './tenant-set.ts';

/** What this node holds of one tenant. */
export class TenantCache {
  readonly name: string;
  readonly users = new Map<string, CachedUser>();
  /** How many of {@link users} are not offline. */
  present = 0;
  /** While a connection watches the whole tenant. */
  set: TenantSet | undefined;
  /** Groups that a connection watches. */
  readonly groups = new Map<string, GroupSet>();
  readonly readings = new Readings();

  constructor(name: string) {
    this.name = name;
  }

  /** Nothing is held that anybody wants. */
  get idle(): boolean {
    return this.users.size === 0 && this.set === undefined && this.groups.size === 0;
  }
}
