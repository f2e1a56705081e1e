import type { UserRef, View } from '../../domain/model.ts';
import { UnexpectedReply } from '../../redis/functions.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { Explanation } from '../explanation.ts';
import { batchesByPartition } from '../partition.ts';
import type { Counts, Page, Reading, SelfView, Views } from '../port/views.ts';
import { decodeSelf } from './decode.ts';
import { decodeExplanation } from './decode-row.ts';
import { number } from './raw-values.ts';
import type { RoleOptions } from './role.ts';

/** How many partitions are read at once for a page: few round trips without reading ahead too far. */
const STRIDE = 4;

export class RedisViews implements Views {
  readonly #role: RoleOptions;

  constructor(role: RoleOptions) {
    this.#role = role;
  }

  async read(tenant: string, users: readonly string[], more?: Reading): Promise<View[]> {
    const selves = await this.#selves(
      users.map((user) => ({ tenant, user })),
      more,
    );
    return selves.map((self) => self.view);
  }

  async readSelf(ref: UserRef): Promise<SelfView> {
    const [self] = await this.#selves([ref], { inUse: true });
    if (self === undefined) throw new UnexpectedReply('read', null);
    return self;
  }

  async page(tenant: string, limit: number, cursor?: string, more?: Reading): Promise<Page> {
    const { partitions } = this.#role.keys;
    const from = cursor === undefined ? { partition: 0, after: '' } : decodeCursor(cursor, partitions);
    const refs: { ref: UserRef; partition: number }[] = [];
    for (let p = from.partition; p < partitions && refs.length <= limit; p += STRIDE) {
      const some = Array.from({ length: Math.min(STRIDE, partitions - p) }, (_, i) => p + i);
      // One more than requested shows whether there is a next page.
      const found = await Promise.all(
        some.map((q) => this.#members(q, tenant, q === from.partition ? from.after : '', limit + 1)),
      );
      found.forEach((users, i) => {
        for (const user of users) refs.push({ ref: { tenant, user }, partition: p + i });
      });
    }
    const chosen = refs.slice(0, limit);
    const selves = await this.#selves(
      chosen.map((entry) => entry.ref),
      more,
    );
    const last = chosen.at(-1);
    return {
      users: selves.map((self) => self.view).filter((view) => view.status !== 'offline'),
      ...(refs.length > limit && last && { cursor: encodeCursor(last.partition, last.ref.user) }),
    };
  }

  async count(tenant: string): Promise<Counts> {
    const { caller, policy } = this.#role;
    const counts = await Promise.all(
      this.#role.keys.all.map(async (keys) => {
        const tenantKeys = [keys.online(tenant), keys.away(tenant), keys.busy(tenant)];
        return caller.ask('count', [keys.meta, ...tenantKeys], [policy]);
      }),
    );
    let [present, away, busy] = [0, 0, 0];
    for (const reply of counts) {
      present += number('count', reply[0]);
      away += number('count', reply[1]);
      busy += number('count', reply[2]);
    }
    return { online: present - away - busy, away, busy };
  }

  async explain(ref: UserRef): Promise<Explanation> {
    const { caller, policy } = this.#role;
    const keys = this.#role.keys.of(ref);
    return decodeExplanation(
      ref,
      await caller.ask('explain', [keys.meta, keys.log, keys.user(ref)], [policy]),
    );
  }

  async #members(partition: number, tenant: string, after: string, limit: number): Promise<string[]> {
    const { caller, policy } = this.#role;
    const keys = this.#role.keys.at(partition);
    const found = await caller.ask('members', [keys.meta, keys.online(tenant)], [policy, after, limit]);
    return found.map(String);
  }

  /** Users in the order requested, one call per partition and batch. */
  async #selves(refs: readonly UserRef[], { inUse = false }: Reading = {}): Promise<SelfView[]> {
    const { caller, policy } = this.#role;
    const selves: SelfView[] = new Array(refs.length);
    await Promise.all(
      batchesByPartition(refs, (ref) => this.#role.keys.partitionOf(ref)).map(async ([partition, group]) => {
        const keys = this.#role.keys.at(partition);
        const userKeys = group.map(({ item }) => keys.user(item));
        const views = await caller.ask('read', [keys.meta, ...userKeys], [policy, inUse ? '1' : '']);
        group.forEach(({ item, position }, n) => {
          selves[position] = decodeSelf('read', item.user, views[n]);
        });
      }),
    );
    return selves;
  }
}
