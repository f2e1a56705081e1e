import type { View } from '../../domain/model.ts';
import type { Page, Reading } from './views.ts';

/** Reads of groups; see `Views`. */
export interface GroupViews {
  /** Members of a group, in a stable page, without those who are offline. Errors as `Views.page`. */
  page(tenant: string, group: string, limit: number, cursor?: string, more?: Reading): Promise<Page>;
  /** How many are present, and how many there are. Errors as `Views.read`. */
  count(tenant: string, group: string): Promise<GroupCounts>;
  /** Views of all members of a group, offline ones too; more than `max`: `undefined`. Errors as `Views.read`. */
  members(tenant: string, group: string, max: number): Promise<View[] | undefined>;
}

/** Of a group: members who are not offline, and all of them. */
export interface GroupCounts {
  readonly present: number;
  readonly members: number;
}
