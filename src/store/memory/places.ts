import { isRevoked } from '../../domain/ending.ts';
import type { UserRef } from '../../domain/model.ts';
import type { PlaceMember, PutOut, Stay } from '../../domain/place.ts';
import { enterBySession, leaveBySession, placesOf, sessionPlaces } from '../../domain/place-session.ts';
import { endPutOut, putUserOut } from '../../domain/put-out.ts';
import { memberOf } from '../../domain/show-places.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { CallerProfile } from '../port/people.ts';
import type { PlacePage, Places, PlaceTop } from '../port/places.ts';
import { StoreError } from '../port/store-error.ts';
import { change } from './change.ts';
import { type MemoryPartition, timeOfDay } from './memory-partition.ts';
import { byAge, type Listed } from './place-index.ts';
import type { Shards } from './shards.ts';

export class MemoryPlaces implements Places {
  readonly #shards: Shards;

  constructor(shards: Shards) {
    this.#shards = shards;
  }

  async members(tenant: string, place: string, max: number): Promise<readonly PlaceMember[] | undefined> {
    const listed = this.#all(tenant, place);
    return listed.length > max ? undefined : this.#shown(tenant, place, listed);
  }

  async top(tenant: string, place: string, n: number): Promise<PlaceTop> {
    const listed = this.#all(tenant, place).sort(byAge);
    return { users: this.#shown(tenant, place, listed.slice(0, n)), total: listed.length };
  }

  async page(tenant: string, place: string, limit: number, cursor?: string): Promise<PlacePage> {
    const { partition, after } = cursor === undefined ? START : decodeCursor(cursor, this.#shards.partitions);
    const [, since = '0', user = ''] = /^(\d+):(.*)$/su.exec(after) ?? [];
    const from: Listed = [user, Number(since)];
    const rest = this.#shards.all.flatMap((shard, p) =>
      shard.placeIndex
        .members(tenant, place)
        .filter((each) => p > partition || (p === partition && (after === '' || byAge(each, from) > 0)))
        .map((listed) => ({ p, listed })),
    );
    const chosen = rest.slice(0, limit);
    const last = rest.length > limit ? chosen.at(-1) : undefined;
    const listed = chosen.map((each) => each.listed);
    return {
      users: this.#shown(tenant, place, listed),
      total: this.#total(tenant, place),
      ...(last && { cursor: encodeCursor(last.p, `${last.listed[1]}:${last.listed[0]}`) }),
    };
  }

  async counts(tenant: string, places: readonly string[]): Promise<readonly number[]> {
    return places.map((place) => this.#total(tenant, place));
  }

  async of(ref: UserRef): Promise<readonly string[]> {
    return placesOf(this.#shards.of(ref).peek(ref));
  }

  async ofSession(ref: UserRef, session: string): Promise<readonly string[]> {
    return sessionPlaces(this.#shards.of(ref).peek(ref), session);
  }

  async enter(
    ref: UserRef,
    session: string,
    place: string,
    data: string | undefined,
    { iat, issued = iat }: CallerProfile,
  ): Promise<readonly string[]> {
    change(this.#shards, ref, {}, ({ shard, row, order, now }) => {
      if (isRevoked(row, issued)) throw new StoreError('revoked', 'the token was revoked');
      const word = shard.putOut(ref.tenant, place);
      const part = { enteredAt: now, data, issued };
      const verdict = enterBySession(row, session, place, part, order, word);
      if (verdict !== 'entered') throw new StoreError(verdict, REFUSED[verdict]);
      if (data !== undefined) shard.clock.raise(order + 1);
    });
    return this.ofSession(ref, session);
  }

  async leave(ref: UserRef, session: string, place: string): Promise<void> {
    if (!sessionPlaces(this.#shards.of(ref).peek(ref), session).includes(place)) return;
    change(this.#shards, ref, {}, ({ row, now }) => void leaveBySession(row, session, place, now));
  }

  async putOut(tenant: string, place: string, user?: string): Promise<void> {
    if (user !== undefined) return this.#putUserOut({ tenant, user }, place);
    for (const shard of this.#shards.all) this.#putAllOut(shard, tenant, place);
  }

  #putUserOut(ref: UserRef, place: string): void {
    change(this.#shards, ref, { deliberate: 'revoked' }, ({ shard, row, at, now }) => {
      const word = wordOf(now);
      putUserOut(row, place, word);
      const stay = row.places.get(place);
      if (stay) endPutOut(stay, word);
      return () => shard.command({ type: 'put_out', ...ref, place, at });
    });
  }

  #putAllOut(shard: MemoryPartition, tenant: string, place: string): void {
    const { micros, now } = shard;
    const word = wordOf(now);
    shard.placeIndex.setPutOut(tenant, place, word);
    shard.command({ type: 'put_out', tenant, place, at: micros });
    shard.publish();
    for (const [user] of shard.placeIndex.members(tenant, place)) {
      change(this.#shards, { tenant, user }, { deliberate: 'revoked' }, ({ row }) => {
        const stay = row.places.get(place);
        if (stay) endPutOut(stay, word);
      });
    }
  }

  #total(tenant: string, place: string): number {
    return this.#shards.all.reduce((total, shard) => total + shard.placeIndex.size(tenant, place), 0);
  }

  #all(tenant: string, place: string): Listed[] {
    return this.#shards.all.flatMap((shard) => shard.placeIndex.members(tenant, place));
  }

  #shown(tenant: string, place: string, listed: readonly Listed[]): PlaceMember[] {
    return listed.flatMap(([user]) => {
      const ref = { tenant, user };
      const row = this.#shards.of(ref).peek(ref);
      const stay: Stay | undefined = row.places.get(place);
      return stay && stay.since > 0 ? [memberOf(user, row, stay, this.#shards.lastSeen)] : [];
    });
  }
}

const START = { partition: 0, after: '' };

const wordOf = (now: number): PutOut => ({ at: now, revoked: Math.floor(timeOfDay(now) / 1000) });

const REFUSED = {
  not_found: 'there is no such session',
  too_many_places: 'the user is in as many places, or has as much data, as one user may',
  put_out: 'the token was issued before the user was put out of the place',
} as const;
