import type { UserRef } from '../../domain/model.ts';
import type { PlaceMember } from '../../domain/place.ts';
import type { PartitionKeys } from '../../redis/keys.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { CallerProfile } from '../port/people.ts';
import type { PlacePage, Places, PlaceTop } from '../port/places.ts';
import { MAX_BATCH } from '../port/reports.ts';
import { decodeSlice, type Found, type Slice } from './decode-places.ts';
import { encodeProfile, encodeUsers } from './encode.ts';
import { number } from './raw-values.ts';
import type { RoleOptions } from './role.ts';

/** Members read in one call: each costs a row. */
const SLICE = 500;
/** How many partitions are read at once for a page. */
const STRIDE = 4;

/** Who is in places: an index in each partition, and the rows of the users whom it names. */
export class RedisPlaces implements Places {
  readonly #role: RoleOptions;

  constructor(role: RoleOptions) {
    this.#role = role;
  }

  async members(tenant: string, place: string, max: number): Promise<readonly PlaceMember[] | undefined> {
    // Counted before it is read: a refusal must not cost what the place holds.
    const [size = 0] = await this.counts(tenant, [place]);
    if (size > max) return undefined;
    const lists = await Promise.all(
      this.#role.keys.all.map((keys) => this.#allOf(keys, tenant, place, max + 1)),
    );
    const found = lists.flat();
    return found.length > max ? undefined : found.map(({ member }) => member);
  }

  async top(tenant: string, place: string, n: number): Promise<PlaceTop> {
    const slices = await Promise.all(
      this.#role.keys.all.map((keys) => this.#slice(keys, tenant, place, n, '')),
    );
    const users = slices.flatMap(({ found }) => found).sort(byAge);
    return { users: users.slice(0, n).map(({ member }) => member), total: totalOf(slices) };
  }

  async page(tenant: string, place: string, limit: number, cursor?: string): Promise<PlacePage> {
    const { all, partitions } = this.#role.keys;
    const from = cursor === undefined ? START : decodeCursor(cursor, partitions);
    const found: { partition: number; each: Found }[] = [];
    for (let p = from.partition; p < partitions && found.length <= limit; p += STRIDE) {
      // One more than requested shows whether there is a next page.
      const slices = await Promise.all(
        all
          .slice(p, p + STRIDE)
          .map((keys, i) =>
            this.#slice(keys, tenant, place, limit + 1, p + i === from.partition ? from.after : ''),
          ),
      );
      slices.forEach((slice, i) => {
        for (const each of slice.found) found.push({ partition: p + i, each });
      });
    }
    const chosen = found.slice(0, limit);
    const last = found.length > limit ? chosen.at(-1) : undefined;
    const [total = 0] = await this.counts(tenant, [place]);
    return {
      users: chosen.map(({ each }) => each.member),
      total,
      ...(last && { cursor: encodeCursor(last.partition, afterOf(last.each)) }),
    };
  }

  async counts(tenant: string, places: readonly string[]): Promise<readonly number[]> {
    const { caller, policy } = this.#role;
    const counts = await Promise.all(
      this.#role.keys.all.map((keys) =>
        caller.ask('placecount', [keys.meta, ...places.map((place) => keys.place(tenant, place))], [policy]),
      ),
    );
    return places.map((_, i) => counts.reduce((sum, each) => sum + number('placecount', each[i]), 0));
  }

  of(ref: UserRef): Promise<readonly string[]> {
    return this.#placesOf(ref, '');
  }

  ofSession(ref: UserRef, session: string): Promise<readonly string[]> {
    return this.#placesOf(ref, session);
  }

  async enter(
    ref: UserRef,
    session: string,
    place: string,
    data: string | undefined,
    profile: CallerProfile,
  ): Promise<readonly string[]> {
    const [, ...places] = await this.#single(
      'place',
      ref,
      session,
      place,
      'enter',
      data ?? '',
      encodeProfile(profile),
    );
    return places.map(String);
  }

  async leave(ref: UserRef, session: string, place: string): Promise<void> {
    await this.#single('place', ref, session, place, 'leave', '', '{}');
  }

  async putOut(tenant: string, place: string, user?: string): Promise<void> {
    if (user !== undefined) await this.#single('putout', { tenant, user }, place);
    else await Promise.all(this.#role.keys.all.map((keys) => this.#clear(keys, tenant, place)));
  }

  async #clear(keys: PartitionKeys, tenant: string, place: string): Promise<void> {
    const { caller } = this.#role;
    await this.#end(keys, tenant, place, []);
    for (let from = 0; ; ) {
      const until = from + MAX_BATCH - 1;
      const users = (await caller.command('ZRANGE', keys.place(tenant, place), from, until)) as string[];
      if (users.length === 0) return;
      from += await this.#end(keys, tenant, place, users);
    }
  }

  /** @returns how many of them are still in it. */
  async #end(keys: PartitionKeys, tenant: string, place: string, names: readonly string[]): Promise<number> {
    const { caller, policy } = this.#role;
    const users = encodeUsers(
      keys,
      names.map((user) => ({ tenant, user })),
      () => [],
    );
    const own = [keys.meta, keys.log, keys.events, keys.due];
    const args = [policy, tenant, place, ...users.args];
    const [stayed] = await caller.ask('clearplace', [...own, ...users.keys], args);
    return number('clearplace', stayed);
  }

  /** At most so many of one partition. A member who left and came back between two calls is found once. */
  async #allOf(keys: PartitionKeys, tenant: string, place: string, most: number): Promise<Found[]> {
    const found = new Map<string, Found>();
    for (let after = ''; ; ) {
      const slice = await this.#slice(keys, tenant, place, SLICE, after);
      for (const each of slice.found) found.set(each.member.user, each);
      const last = slice.found.at(-1);
      if (last === undefined || slice.found.length < SLICE || found.size >= most) return [...found.values()];
      after = afterOf(last);
    }
  }

  async #slice(
    keys: PartitionKeys,
    tenant: string,
    place: string,
    most: number,
    after: string,
  ): Promise<Slice> {
    const { caller, policy } = this.#role;
    const [, since = '', user = ''] = /^(\d+):(.*)$/su.exec(after) ?? [];
    const args = [policy, place, keys.user({ tenant, user: '' }), most, since, user];
    return decodeSlice(await caller.ask('placeslice', [keys.meta, keys.place(tenant, place)], args));
  }

  async #placesOf(ref: UserRef, session: string): Promise<string[]> {
    const { caller, policy } = this.#role;
    const keys = this.#role.keys.of(ref);
    const places = await caller.ask('placesof', [keys.meta, keys.user(ref)], [policy, session]);
    return places.map(String);
  }

  /** See single.lua. */
  #single(name: 'place' | 'putout', ref: UserRef, ...args: readonly string[]): Promise<unknown[]> {
    const { caller, policy } = this.#role;
    const keys = this.#role.keys.of(ref);
    const users = encodeUsers(keys, [ref], () => args);
    const own = [keys.meta, keys.log, keys.events, keys.due];
    return caller.ask(name, [...own, ...users.keys], [policy, ...users.args]);
  }
}

const START = { partition: 0, after: '' };

const afterOf = ({ since, member }: Found): string => `${since}:${member.user}`;

const totalOf = (slices: readonly Slice[]): number => slices.reduce((sum, { total }) => sum + total, 0);

/** Users of one moment by the bytes of their ids, as Redis sorts them. */
const byAge = (one: Found, other: Found): number =>
  one.since - other.since || Buffer.compare(Buffer.from(one.member.user), Buffer.from(other.member.user));
