import { awaitedTurn } from '../../domain/evaluate.ts';
import { type UserRef, userRef, type View } from '../../domain/model.ts';
import { explainRow } from '../explain-row.ts';
import type { Explanation } from '../explanation.ts';
import { StoreError } from '../port/store-error.ts';
import type { Counts, Page, Reading, SelfView, Views } from '../port/views.ts';
import { timeOfDay } from './memory-partition.ts';
import { usedSelfOf } from './self.ts';
import type { Shards } from './shards.ts';

export class MemoryViews implements Views {
  readonly #shards: Shards;

  constructor(shards: Shards) {
    this.#shards = shards;
  }

  async read(tenant: string, users: readonly string[], more?: Reading): Promise<View[]> {
    return viewsOf(this.#shards, tenant, users, more);
  }

  async readSelf(ref: UserRef): Promise<SelfView> {
    const shard = this.#shards.of(ref);
    return usedSelfOf(shard, ref, shard.peek(ref));
  }

  async page(tenant: string, limit: number, cursor?: string, more?: Reading): Promise<Page> {
    return pageOf(this.#shards, tenant, this.#present(tenant), { limit, ...more }, cursor);
  }

  async count(tenant: string): Promise<Counts> {
    const counts = { online: 0, away: 0, busy: 0, offline: 0 };
    for (const { status } of viewsOf(this.#shards, tenant, this.#present(tenant))) counts[status] += 1;
    return { online: counts.online, away: counts.away, busy: counts.busy };
  }

  async explain(ref: UserRef): Promise<Explanation> {
    const shard = this.#shards.of(ref);
    const row = shard.peek(ref);
    const today = timeOfDay(shard.now);
    const waitsUntil = awaitedTurn(row, { now: shard.now, today, policy: this.#shards.policy });
    const transitions = shard.lastTransitions(ref, row.ver);
    return explainRow(usedSelfOf(shard, ref, row), row, 0, transitions, timeOfDay(waitsUntil), today);
  }

  #present(tenant: string): string[] {
    const users: string[] = [];
    for (const { rows } of this.#shards.all) {
      for (const [key, row] of rows) {
        const ref = userRef(key);
        if (row.status !== 'offline' && ref.tenant === tenant) users.push(ref.user);
      }
    }
    return users;
  }
}

export const viewsOf = (
  shards: Shards,
  tenant: string,
  users: readonly string[],
  { inUse = false }: Reading = {},
): View[] =>
  users.map((user) => {
    const ref = { tenant, user };
    const shard = shards.of(ref);
    const row = shard.peek(ref);
    return inUse ? shard.usedView(user, row) : shard.view(user, row);
  });

/** Those behind a cursor, by user id. @throws StoreError `invalid_cursor`. */
export const pageOf = (
  shards: Shards,
  tenant: string,
  users: readonly string[],
  { limit, ...more }: Reading & { readonly limit: number },
  cursor?: string,
): Page => {
  const after = cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString('utf8');
  if (cursor !== undefined && Buffer.from(after, 'utf8').toString('base64url') !== cursor) {
    throw new StoreError('invalid_cursor', 'this cursor was not given by this service');
  }
  const rest = users.filter((user) => user > after).sort();
  const chosen = rest.slice(0, limit);
  const last = rest.length > limit ? chosen.at(-1) : undefined;
  return {
    users: viewsOf(shards, tenant, chosen, more),
    ...(last !== undefined && { cursor: Buffer.from(last).toString('base64url') }),
  };
};
