import type { UserRef, View } from '../../domain/model.ts';
import type { RawReply } from '../../redis/functions.ts';
import type { PartitionKeys } from '../../redis/keys.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { GroupCounts, GroupViews } from '../port/groups.ts';
import type { Page, Reading, Views } from '../port/views.ts';
import type { FunctionName } from './library.ts';
import { number } from './raw-values.ts';
import type { RoleOptions } from './role.ts';

/** How many partitions are read at once for a page: few round trips without reading ahead too far. */
const STRIDE = 4;
/** Members scanned in one call, and calls in a row for one page: in a group with no one present a page ends early. */
const SCAN_LIMIT = 500;
const ROUNDS = 8;

/** A place in the order of pages: by partition, then by user id. */
interface Place {
  readonly partition: number;
  readonly after: string;
}
interface Found extends Place {
  readonly ref: UserRef;
}

/** Reads of one group, whose members are spread over all partitions. */
export class RedisGroups implements GroupViews {
  readonly #role: RoleOptions;
  readonly #views: Pick<Views, 'read'>;

  constructor(role: RoleOptions, views: Pick<Views, 'read'>) {
    this.#role = role;
    this.#views = views;
  }

  async page(tenant: string, group: string, limit: number, cursor?: string, more?: Reading): Promise<Page> {
    let place: Place | undefined = { partition: 0, after: '' };
    if (cursor !== undefined) place = decodeCursor(cursor, this.#role.keys.partitions);
    const found: Found[] = [];
    // One more than requested shows whether there is a next page.
    for (let round = 0; round < ROUNDS && place !== undefined && found.length <= limit; round += 1) {
      place = await this.#look(place, tenant, group, limit + 1, found);
    }
    const chosen = found.slice(0, limit);
    const next = found.length > limit ? chosen.at(-1) : place;
    const seen = await this.#views.read(
      tenant,
      chosen.map(({ ref }) => ref.user),
      more,
    );
    return {
      users: seen.filter((view) => view.status !== 'offline' && isMember(view, group)),
      ...(next && { cursor: encodeCursor(next.partition, next.after) }),
    };
  }

  async count(tenant: string, group: string): Promise<GroupCounts> {
    const counts = await this.#each((of) =>
      this.#ask('groupcount', [of.meta, of.group(tenant, group), of.online(tenant)], []),
    );
    let [present, members] = [0, 0];
    for (const [here, all] of counts) {
      present += number('groupcount', here);
      members += number('groupcount', all);
    }
    return { present, members };
  }

  async members(tenant: string, group: string, max: number): Promise<View[] | undefined> {
    // Counted before it is read: a refusal must not cost what the group holds.
    const sizes = await this.#each((of) => this.#ask('groupsize', [of.meta, of.group(tenant, group)], []));
    let size = 0;
    for (const [all] of sizes) size += number('groupsize', all);
    if (size > max) return undefined;
    // It may have grown meanwhile: one more than the limit shows that there are too many, in whichever partitions
    // they are.
    const lists = await this.#each((of) =>
      this.#ask('members', [of.meta, of.group(tenant, group)], ['', max + 1]),
    );
    const users = lists.flat().map(String);
    if (users.length > max) return undefined;
    return (await this.#views.read(tenant, users)).filter((view) => isMember(view, group));
  }

  /** Adds the members found from a place on. @returns where to continue, unless this was all. */
  async #look(
    place: Place,
    tenant: string,
    group: string,
    most: number,
    found: Found[],
  ): Promise<Place | undefined> {
    const { all, partitions } = this.#role.keys;
    const some = all.slice(place.partition, place.partition + STRIDE);
    const slices = await Promise.all(
      some.map((of, i) =>
        this.#ask(
          'slice',
          [of.meta, of.group(tenant, group), of.online(tenant)],
          [i === 0 ? place.after : '', most, SCAN_LIMIT],
        ),
      ),
    );
    for (const [i, [last, ...users]] of slices.entries()) {
      const partition = place.partition + i;
      for (const user of users) {
        const ref = { tenant, user: String(user) };
        found.push({ ref, partition, after: ref.user });
      }
      // Taking the answers of the partitions behind it would skip the rest of this one.
      if (last !== '') return { partition, after: String(last) };
    }
    const partition = place.partition + some.length;
    return partition < partitions ? { partition, after: '' } : undefined;
  }

  #ask(name: FunctionName, keys: readonly string[], args: readonly (string | number)[]): Promise<RawReply[]> {
    const { caller, policy } = this.#role;
    return caller.ask(name, keys, [policy, ...args]);
  }

  #each<T>(call: (keys: PartitionKeys) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#role.keys.all.map(call));
  }
}

/** A user may have left the group between the two calls of a read. */
const isMember = (view: View, group: string): boolean => view.groups?.includes(group) === true;
