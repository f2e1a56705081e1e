import type { StoreMs } from '../../domain/clock.ts';
import { type TokenOwner, type UserRef, userRef, type View } from '../../domain/model.ts';
import { parseNodeRef } from '../../domain/node-ref.ts';
import { UnexpectedReply } from '../../redis/functions.ts';
import type { Keys, PartitionKeys } from '../../redis/keys.ts';
import type { RedisLink } from '../../redis/link.ts';
import type { CallerProfile, GroupCounts, Revocation, ServiceClaim, SessionRequest } from '../calls.ts';
import type { Explanation } from '../explanation.ts';
import type { PresenceEnding } from '../log-entry.ts';
import { batchesByPartition, partitionOf, positionsByPartition } from '../partition.ts';
import {
  type ApplyReply,
  type Batch,
  type Beat,
  type BeatReply,
  type ClaimRequest,
  type Counts,
  type NodeInfo,
  type Page,
  type PresenceStore,
  type ReapReply,
  type SelfView,
  StoreError,
  type SweepReply,
} from '../presence-store.ts';
import type { StoreOptions } from '../store-options.ts';
import { Caller } from './caller.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { decodeApply, decodeBeat, decodeRevocations, decodeSelf, listOf, number } from './decode.ts';
import { decodeExplanation } from './decode-row.ts';
import { encodeBatch, encodeKnown, encodePolicy, encodeUsers } from './encode.ts';
import { GroupReads } from './group-reads.ts';
import { Reaper } from './reaper.ts';
import { Registry } from './registry.ts';
import { UserCalls } from './user-calls.ts';

export interface RedisStoreOptions extends StoreOptions {
  readonly link: RedisLink;
  readonly keys: Keys;
  readonly eventLogSeconds: number;
  readonly eventLogMax: number;
  readonly publishTenantEvents: boolean;
  /** Replicas that must have a change that hides a user before it is answered; 0 for none. */
  readonly writeReplicas: number;
  readonly replicaTimeoutMs: number;
  /** A fresh, unique generation name. */
  readonly newGeneration: () => string;
}

/** How many partitions are read at once for a page: few round trips without reading ahead too far. */
const PAGE_STRIDE = 4;

/** Presence in Redis, as laid out in docs/architecture.md. Every change of a user is one atomic function. */
export class RedisStore implements PresenceStore {
  readonly partitions: number;
  readonly #options: RedisStoreOptions;
  readonly #keys: Keys;
  readonly #policy: string;
  readonly #caller: Caller;
  readonly #calls: UserCalls;
  readonly #reaper: Reaper;
  readonly #registry: Registry;
  readonly #groups: GroupReads;

  constructor(options: RedisStoreOptions) {
    this.partitions = options.partitions;
    this.#options = options;
    this.#keys = options.keys;
    this.#policy = encodePolicy(options, options.publishTenantEvents ? this.#keys.tenantEvents : '');
    this.#caller = new Caller(options);
    const caller = this.#caller;
    const policy = this.#policy;
    this.#reaper = new Reaper({ caller, policy, ttlMs: options.heartbeatTtlMs });
    this.#registry = new Registry({ caller, key: this.#keys.registry, options });
    this.#groups = new GroupReads({
      keys: this.#keys,
      policy,
      caller,
      views: (tenant, users) => this.read(tenant, users),
    });
    this.#calls = new UserCalls({
      caller,
      policy,
      keysOf: (ref) => this.#partition(this.partitionOf(ref)),
    });
  }

  async start(): Promise<void> {
    await this.#options.link.start();
  }

  async stop(): Promise<void> {
    await this.#options.link.stop();
  }

  partitionOf(owner: TokenOwner): number {
    return partitionOf(owner, this.partitions);
  }

  async beat(partition: number, beat: Beat): Promise<BeatReply> {
    const keys = this.#partition(partition);
    const { id, epoch } = parseNodeRef(beat.node);
    const { eventLogSeconds, eventLogMax, newGeneration } = this.#options;
    return decodeBeat(
      await this.#caller.run(
        'beat',
        [
          keys.meta,
          keys.beat(beat.node),
          keys.fence(id),
          keys.nodeMeta(beat.node),
          keys.log,
          keys.nodes,
          keys.seq(beat.node),
        ],
        [
          this.#policy,
          epoch,
          beat.gen ?? '',
          beat.seen,
          beat.acked,
          Math.round(beat.lagMs),
          newGeneration(),
          eventLogSeconds,
          Math.ceil(eventLogMax / this.partitions),
          beat.node,
          beat.delivered ?? 0,
          Math.floor(beat.time ?? 0),
          beat.stuck === true ? 1 : 0,
        ],
      ),
    );
  }

  async apply(partition: number, batch: Batch): Promise<ApplyReply> {
    const keys = this.#partition(partition);
    const { id, epoch } = parseNodeRef(batch.node);
    const users = encodeBatch(keys, epoch, batch);
    const own = [keys.meta, keys.log, keys.events, keys.due, keys.nodes, keys.node(batch.node)];
    const reply = await this.#caller.run(
      'apply',
      [...own, ...users.tenantKeys, keys.fence(id), keys.seq(batch.node), ...users.keys],
      [this.#policy, users.packed],
    );
    return decodeApply(reply, batch.entries);
  }

  replicated(partition: number): Promise<boolean> {
    return this.#caller.isReplicated(this.#partition(partition));
  }

  async retire(partition: number, node: string): Promise<void> {
    const keys = this.#partition(partition);
    const { id, epoch } = parseNodeRef(node);
    const own = [keys.beat(node), keys.fence(id), keys.node(node), keys.nodeMeta(node), keys.seq(node)];
    await this.#caller.run('retire', [...own, keys.nodes], [node, epoch]);
  }

  async held(partition: number, node: string): Promise<UserRef[]> {
    const members = listOf(
      'apply',
      await this.#caller.command('HKEYS', this.#partition(partition).node(node)),
    );
    return members.map((member) => userRef(String(member)));
  }

  async reap(partition: number): Promise<ReapReply> {
    return this.#reaper.reap(this.#partition(partition));
  }

  async sweep(partition: number, time: StoreMs): Promise<SweepReply> {
    return this.#reaper.sweep(this.#partition(partition), time);
  }

  async restore(tenant: string, known: readonly View[]): Promise<void> {
    const shown = known.filter((view) => view.ver > 0).map((view) => ({ tenant, user: view.user, view }));
    await Promise.all(
      [...positionsByPartition(shown, (ref) => this.partitionOf(ref))].map(async ([partition, group]) => {
        const keys = this.#partition(partition);
        const users = encodeUsers(
          keys,
          group.map(({ item }) => item),
          ({ view }) => [encodeKnown(view)],
        );
        const fixed = [keys.meta, keys.log, keys.events, keys.due, keys.nodes];
        const repaired = await this.#caller.run(
          'repair',
          [...fixed, ...users.keys],
          [this.#policy, keys.beats, ...users.args],
        );
        if (number('repair', repaired) < 0) throw new StoreError('unavailable', 'the partition is on hold');
      }),
    );
  }

  async read(tenant: string, users: readonly string[]): Promise<View[]> {
    const selves = await this.#selves(users.map((user) => ({ tenant, user })));
    return selves.map((self) => self.view);
  }

  async readSelf(ref: UserRef): Promise<SelfView> {
    const [self] = await this.#selves([ref]);
    if (self === undefined) throw new UnexpectedReply('read', null);
    return self;
  }

  async page(tenant: string, limit: number, cursor?: string): Promise<Page> {
    const from = cursor === undefined ? { partition: 0, after: '' } : decodeCursor(cursor, this.partitions);
    const refs: { ref: UserRef; partition: number }[] = [];
    for (let p = from.partition; p < this.partitions && refs.length <= limit; p += PAGE_STRIDE) {
      const some = Array.from({ length: Math.min(PAGE_STRIDE, this.partitions - p) }, (_, i) => p + i);
      // One more than requested shows whether there is a next page.
      const found = await Promise.all(
        some.map((q) => this.#members(q, tenant, q === from.partition ? from.after : '', limit + 1)),
      );
      found.forEach((users, i) => {
        for (const user of users) refs.push({ ref: { tenant, user }, partition: p + i });
      });
    }
    const chosen = refs.slice(0, limit);
    const selves = await this.#selves(chosen.map((entry) => entry.ref));
    const last = chosen.at(-1);
    return {
      users: selves.map((self) => self.view).filter((view) => view.status !== 'offline'),
      ...(refs.length > limit && last && { cursor: encodeCursor(last.partition, last.ref.user) }),
    };
  }

  async count(tenant: string): Promise<Counts> {
    const counts = await Promise.all(
      this.#keys.partitions.map(async (keys) => {
        const tenantKeys = [keys.online(tenant), keys.away(tenant), keys.busy(tenant)];
        return this.#caller.ask('count', [keys.meta, ...tenantKeys], [this.#policy]);
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

  claimOwn(ref: UserRef, claim: ClaimRequest): Promise<SelfView> {
    return this.#calls.claimOwn(ref, claim);
  }

  claim(ref: UserRef, source: string, claim: ServiceClaim | null): Promise<SelfView> {
    return this.#calls.claim(ref, source, claim);
  }

  keepSession(ref: UserRef, id: string, session: SessionRequest, profile: CallerProfile): Promise<SelfView> {
    return this.#calls.keepSession(ref, id, session, profile);
  }

  endSession(ref: UserRef, id: string): Promise<void> {
    return this.#calls.endSession(ref, id);
  }

  touch(ref: UserRef, profile: CallerProfile): Promise<SelfView> {
    return this.#calls.touch(ref, profile);
  }

  end(ref: UserRef, how: PresenceEnding): Promise<void> {
    return this.#calls.end(ref, how);
  }

  revoke(owner: TokenOwner, before?: number): Promise<void> {
    return this.#calls.revoke(owner, before);
  }

  forget(ref: UserRef): Promise<void> {
    return this.#calls.forget(ref);
  }

  async explain(ref: UserRef): Promise<Explanation> {
    const keys = this.#partition(this.partitionOf(ref));
    const reply = await this.#caller.ask('explain', [keys.meta, keys.log, keys.user(ref)], [this.#policy]);
    return decodeExplanation(ref, reply);
  }

  async revocations(): Promise<Revocation[]> {
    const lists = await Promise.all(
      this.#keys.partitions.map(({ meta, revoked }) =>
        this.#caller.ask('revoked', [meta, revoked], [this.#policy]),
      ),
    );
    return lists.flatMap(decodeRevocations);
  }

  async refuse(partition: number, revocations: readonly Revocation[]): Promise<void> {
    if (revocations.length > 0) await this.#calls.refuse(this.#partition(partition), revocations);
  }

  groupPage(tenant: string, group: string, limit: number, cursor?: string): Promise<Page> {
    return this.#groups.page(tenant, group, limit, cursor);
  }

  groupCount(tenant: string, group: string): Promise<GroupCounts> {
    return this.#groups.count(tenant, group);
  }

  groupMembers(tenant: string, group: string, max: number): Promise<View[] | undefined> {
    return this.#groups.members(tenant, group, max);
  }

  async register(self: NodeInfo): Promise<NodeInfo[]> {
    return this.#registry.register(self);
  }

  async unregister(id: string): Promise<void> {
    await this.#registry.unregister(id);
  }

  #partition(partition: number): PartitionKeys {
    const keys = this.#keys.partitions[partition];
    if (!keys) throw new RangeError(`there is no partition ${partition}`);
    return keys;
  }

  async #members(partition: number, tenant: string, after: string, limit: number): Promise<string[]> {
    const keys = this.#partition(partition);
    const args = [this.#policy, after, limit];
    return (await this.#caller.ask('members', [keys.meta, keys.online(tenant)], args)).map(String);
  }

  /** Users in the order requested, one call per partition and batch. */
  async #selves(refs: readonly UserRef[]): Promise<SelfView[]> {
    const selves: SelfView[] = new Array(refs.length);
    await Promise.all(
      batchesByPartition(refs, (ref) => this.partitionOf(ref)).map(async ([partition, group]) => {
        const keys = this.#partition(partition);
        const userKeys = group.map(({ item }) => keys.user(item));
        const views = await this.#caller.ask('read', [keys.meta, ...userKeys], [this.#policy]);
        group.forEach(({ item, position }, n) => {
          selves[position] = decodeSelf('read', item.user, views[n]);
        });
      }),
    );
    return selves;
  }
}
