import { absorb, type Report, restore, takeOwnClaim } from '../../domain/absorb.ts';
import { HybridClock, toMs } from '../../domain/clock.ts';
import { deviceMask } from '../../domain/devices.ts';
import { before, type Circumstances, evaluate, isForgettable, show } from '../../domain/evaluate.ts';
import { type UserKey, type UserRef, userKey, userRef, type View } from '../../domain/model.ts';
import { emptyRow, type Row } from '../../domain/row.ts';
import { viewOf } from '../../domain/show.ts';
import type { LogEntry } from '../log-entry.ts';
import { partitionOf } from '../partition.ts';
import { PendingStore } from '../pending-store.ts';
import {
  type ApplyReply,
  type Batch,
  type BeatReply,
  type ClaimRequest,
  type Counts,
  type Entry,
  type NodeInfo,
  type Page,
  type PresenceStore,
  type ReapReply,
  type SelfView,
  StoreError,
  type SweepReply,
} from '../presence-store.ts';
import type { StoreOptions } from '../store-options.ts';

export interface MemoryStoreOptions extends StoreOptions {
  /** Real time, µs since the epoch. */
  readonly micros: () => number;
  /** Called with the entries of each change, in order, once the change is done. */
  readonly publish: (partition: number, entries: readonly LogEntry[]) => void;
}

interface Shard {
  readonly clock: HybridClock;
  readonly rows: Map<UserKey, Row>;
  last: number;
  log: LogEntry[];
}

const GENERATION = 'memory';

/**
 * Presence inside one process: the embedded default, and the reference the scripts are tested against. It needs no
 * lease, fence or hold, because the data cannot outlive its only node.
 */
export class MemoryStore extends PendingStore implements PresenceStore {
  readonly partitions: number;
  readonly #options: MemoryStoreOptions;
  readonly #shards: readonly Shard[];
  #self: NodeInfo | undefined;

  constructor(options: MemoryStoreOptions) {
    super();
    this.partitions = options.partitions;
    this.#options = options;
    this.#shards = Array.from({ length: options.partitions }, () => ({
      clock: new HybridClock(options.micros),
      rows: new Map(),
      last: 0,
      log: [],
    }));
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  partitionOf(ref: UserRef): number {
    return partitionOf(ref, this.partitions);
  }

  async beat(partition: number): Promise<BeatReply> {
    const { clock, last } = this.#shard(partition);
    return { fenced: false, gen: GENERATION, lost: false, holdMs: 0, young: false, clock: clock.now(), last };
  }

  async apply(partition: number, batch: Batch): Promise<ApplyReply> {
    const shard = this.#shard(partition);
    shard.clock.raise(batch.seen);
    const now = toMs(shard.clock.now());
    const selves = new Map<number, SelfView>();
    const tookOver: number[] = [];
    batch.entries.forEach((entry, position) => {
      const { user } = entry;
      const row = this.#row(shard, entry);
      const was = before(row);
      const { idleAwayMs } = this.#options.policy;
      const report = reportOf(entry, now, shard.clock.now());
      if (entry.known) shard.clock.raise(entry.known.ver);
      const { restored, claimed } = absorb(row, batch.node, report, now, idleAwayMs);
      this.#settle(shard, entry, row, {
        ...this.#at(now),
        before: was,
        deliberate: claimed,
        repair: restored,
      });
      const others = row.parts.size - (row.parts.has(batch.node) ? 1 : 0);
      if (claimed && others > 0) this.#announce(shard, entry, row);
      if ((row.parts.get(batch.node)?.stance ?? 'own') !== 'own') tookOver.push(position);
      if (row.ver !== (entry.known?.ver ?? 0) || (row.own?.stamp ?? 0) !== (entry.claim?.stamp ?? 0)) {
        selves.set(position, this.#selfOf(user, row));
      }
    });
    this.#publish(partition, shard);
    return { result: 'ok', clock: shard.clock.now(), selves, tookOver };
  }

  async held(partition: number, node: string): Promise<UserRef[]> {
    const rows = [...this.#shard(partition).rows];
    return rows.filter(([, row]) => row.parts.has(node)).map(([key]) => userRef(key));
  }

  async reap(): Promise<ReapReply> {
    return { fenced: 0, users: 0 };
  }

  async sweep(partition: number): Promise<SweepReply> {
    const shard = this.#shard(partition);
    const now = toMs(shard.clock.now());
    let swept = 0;
    for (const [key, row] of dueRows(shard, now)) {
      this.#settle(shard, userRef(key), row, { ...this.#at(now), before: before(row) });
      if (isForgettable(row, this.#options.policy, now)) shard.rows.delete(key);
      swept += 1;
    }
    this.#publish(partition, shard);
    return { swept, more: false };
  }

  async read(tenant: string, users: readonly string[], known: readonly View[] = []): Promise<View[]> {
    for (const view of known) this.#repair({ tenant, user: view.user }, view);
    return users.map((user) => viewOf(user, this.#peek({ tenant, user }), this.#options.lastSeen));
  }

  async readSelf(ref: UserRef): Promise<SelfView> {
    return this.#selfOf(ref.user, this.#peek(ref));
  }

  async page(tenant: string, limit: number, cursor?: string): Promise<Page> {
    const after = cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString('utf8');
    if (cursor !== undefined && Buffer.from(after, 'utf8').toString('base64url') !== cursor) {
      throw new StoreError('invalid_cursor', 'this cursor was not given by this service');
    }
    const present = this.#present(tenant)
      .filter(([user]) => user > after)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const last = present[limit - 1]?.[0];
    return {
      users: present.slice(0, limit).map(([user, row]) => viewOf(user, row, this.#options.lastSeen)),
      ...(present.length > limit &&
        last !== undefined && { cursor: Buffer.from(last).toString('base64url') }),
    };
  }

  async count(tenant: string): Promise<Counts> {
    const counts = { online: 0, away: 0, busy: 0, offline: 0 };
    for (const [, row] of this.#present(tenant)) counts[row.status] += 1;
    return { online: counts.online, away: counts.away, busy: counts.busy };
  }

  async claimOwn(ref: UserRef, claim: ClaimRequest): Promise<SelfView> {
    const partition = this.partitionOf(ref);
    const shard = this.#shard(partition);
    const row = this.#row(shard, ref);
    const was = before(row);
    const clock = shard.clock.now();
    const stamp = Math.max(clock, (row.own?.stamp ?? 0) + 1);
    takeOwnClaim(row, { ...claim, stamp });
    this.#settle(shard, ref, row, { ...this.#at(toMs(clock)), before: was, deliberate: true });
    if (row.parts.size > 0) this.#announce(shard, ref, row);
    shard.clock.raise(stamp);
    this.#publish(partition, shard);
    return this.#selfOf(ref.user, row);
  }

  async register(self: NodeInfo): Promise<NodeInfo[]> {
    this.#self = { ...self, heartbeatAgo: 0 };
    return [this.#self];
  }

  async unregister(): Promise<void> {
    this.#self = undefined;
  }

  #shard(partition: number): Shard {
    const shard = this.#shards[partition];
    if (!shard) throw new RangeError(`there is no partition ${partition}`);
    return shard;
  }

  #row(shard: Shard, ref: UserRef): Row {
    const key = userKey(ref);
    let row = shard.rows.get(key);
    if (!row) {
      row = emptyRow();
      shard.rows.set(key, row);
    }
    return row;
  }

  #peek(ref: UserRef): Row {
    return this.#shard(this.partitionOf(ref)).rows.get(userKey(ref)) ?? emptyRow();
  }

  #present(tenant: string): [string, Row][] {
    return this.#shards.flatMap((shard) =>
      [...shard.rows]
        .filter(([key, row]) => row.status !== 'offline' && userRef(key).tenant === tenant)
        .map(([key, row]): [string, Row] => [userRef(key).user, row]),
    );
  }

  #selfOf(user: string, row: Row): SelfView {
    return {
      view: viewOf(user, row, this.#options.lastSeen),
      invisible: row.own?.status === 'invisible',
      ...(row.own && { claim: row.own }),
    };
  }

  #at(now: number): Omit<Circumstances, 'before'> {
    return { now, policy: this.#options.policy, holdUntil: 0, lagMs: 0, deliberate: false, repair: false };
  }

  #settle(shard: Shard, ref: UserRef, row: Row, at: Circumstances): void {
    const previous = row.status;
    const change = evaluate(row, at);
    if (!change) return;
    const ver = shard.clock.next();
    show(row, change, ver);
    const view = viewOf(ref.user, row, this.#options.lastSeen);
    const transition = {
      ...view,
      tenant: ref.tenant,
      previous,
      reason: change.reason,
      ...(row.groups && { groups: row.groups }),
    };
    shard.log.push({ id: ver, kind: 'transition', transition });
  }

  #repair(ref: UserRef, view: View): void {
    const partition = this.partitionOf(ref);
    const shard = this.#shard(partition);
    // A view that is no news must not leave a row behind that nothing ever forgets.
    if (view.ver <= this.#peek(ref).ver) return;
    const row = this.#row(shard, ref);
    const was = before(row);
    const now = toMs(shard.clock.now());
    if (!restore(row, view)) return;
    shard.clock.raise(view.ver);
    this.#settle(shard, ref, row, { ...this.#at(now), before: was, repair: true });
    this.#publish(partition, shard);
  }

  #announce(shard: Shard, { tenant, user }: UserRef, row: Row): void {
    if (!row.own) return;
    const command = { type: 'claim', ref: { tenant, user }, claim: row.own } as const;
    shard.log.push({ id: shard.clock.next(), kind: 'command', command });
  }

  #publish(partition: number, shard: Shard): void {
    const entries = shard.log;
    if (entries.length === 0) return;
    shard.log = [];
    shard.last = entries.at(-1)?.id ?? shard.last;
    this.#options.publish(partition, entries);
  }
}

/** Rows whose deadline passed, in the order in which they passed: transitions are logged in that order. */
const dueRows = ({ rows }: Shard, now: number): [UserKey, Row][] =>
  [...rows]
    .filter(([, row]) => row.due > 0 && row.due <= now)
    .sort(
      ([a, { due: dueA }], [b, { due: dueB }]) =>
        dueA - dueB || Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );

/** An entry in the store's time. */
const reportOf = (entry: Entry, now: number, clock: number): Report => {
  const moment = (ago: number): number => (ago < 0 ? 0 : now - Math.round(ago));
  return {
    count: entry.count,
    act: moment(entry.activeAgo),
    idle: entry.idle,
    opened: moment(entry.openedAgo),
    closed: moment(entry.closedAgo),
    graceMs: entry.graceMs,
    devices: deviceMask(entry.devices),
    name: entry.name,
    groups: entry.groups,
    iat: entry.iat,
    claim: entry.claim && { ...entry.claim, stamp: Math.min(entry.claim.stamp, clock) },
    known: entry.known && entry.known.ver > 0 ? entry.known : undefined,
  };
};
