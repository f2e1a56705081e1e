import type { View } from '../../domain/model.ts';
import type { GroupCounts, GroupViews } from '../port/groups.ts';
import type { Page, Reading } from '../port/views.ts';
import type { Shards } from './shards.ts';
import { pageOf, viewsOf } from './views.ts';

export class MemoryGroups implements GroupViews {
  readonly #shards: Shards;

  constructor(shards: Shards) {
    this.#shards = shards;
  }

  async page(tenant: string, group: string, limit: number, cursor?: string, more?: Reading): Promise<Page> {
    return pageOf(this.#shards, tenant, this.#present(tenant, group), { limit, ...more }, cursor);
  }

  async count(tenant: string, group: string): Promise<GroupCounts> {
    const members = this.#shards.groups.members(tenant, group).size;
    return { present: this.#present(tenant, group).length, members };
  }

  async members(tenant: string, group: string, max: number): Promise<View[] | undefined> {
    const members = this.#shards.groups.members(tenant, group);
    return members.size > max ? undefined : viewsOf(this.#shards, tenant, [...members]);
  }

  #present(tenant: string, group: string): string[] {
    const members = [...this.#shards.groups.members(tenant, group)];
    return members.filter((user) => {
      const ref = { tenant, user };
      return this.#shards.of(ref).peek(ref).status !== 'offline';
    });
  }
}
