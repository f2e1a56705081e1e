import type { CachedUser } from '../views/cached-user.ts';
import { Readings } from '../views/readings.ts';
import type { GroupRoster } from './group-roster.ts';
import type { Roster } from './roster.ts';

/** What this node holds of one tenant. */
export class TenantCache {
  readonly name: string;
  readonly users = new Map<string, CachedUser>();
  /** How many of {@link users} are not offline. */
  present = 0;
  /** While somebody watches the whole tenant. */
  roster: Roster | undefined;
  /** Groups that somebody watches. */
  readonly groups = new Map<string, GroupRoster>();
  readonly readings = new Readings();

  constructor(name: string) {
    this.name = name;
  }

  /** Nothing is held that anybody wants. */
  get idle(): boolean {
    return this.users.size === 0 && this.roster === undefined && this.groups.size === 0;
  }
}
