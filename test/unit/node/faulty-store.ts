import type { TokenOwner, UserRef, View } from '../../../src/domain/model.ts';
import type { MemoryFeed } from '../../../src/events/memory-feed.ts';
import { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import { partitionOf } from '../../../src/store/partition.ts';
import type { Endings } from '../../../src/store/port/endings.ts';
import type { GroupViews } from '../../../src/store/port/groups.ts';
import type { Beat, BeatReply } from '../../../src/store/port/leases.ts';
import type { People } from '../../../src/store/port/people.ts';
import type { Places } from '../../../src/store/port/places.ts';
import type { NodeInfo } from '../../../src/store/port/registry.ts';
import type { ApplyReply, Batch, Entry } from '../../../src/store/port/reports.ts';
import type { ReapReply, SweepReply } from '../../../src/store/port/upkeep.ts';
import type { SelfView, Views } from '../../../src/store/port/views.ts';
import type { PresenceStore } from '../../../src/store/presence-store.ts';
import type { StoreOptions } from '../../../src/store/store-options.ts';
import { notHere } from '../../support/not-here.ts';

export interface FaultyStoreOptions extends StoreOptions {
  readonly feed: MemoryFeed;
  readonly micros: () => number;
  /** In [0, 1): decides what becomes of each call. */
  readonly random: () => number;
}

/** One partition: what it holds, everything it was told (to be rolled back), and what it knows of its writers. */
interface Shard {
  store: MemoryStore;
  gen: string;
  seqs: Map<string, number>;
  readonly fenced: Set<string>;
  journal: { readonly node: string; readonly seq: number; readonly entries: readonly Entry[] }[];
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * The memory store behind the protocol of the shared one (generation, sequence numbers, fences), on a bad day: calls
 * fail, are slow, succeed without an answer, or take effect long after everybody gave them up; partitions are emptied
 * or set back; the node is taken for dead.
 */
export class FaultyStore implements PresenceStore {
  readonly partitions: number;
  readonly leases = this;
  readonly upkeep = this;
  readonly reports = this;
  readonly registry = this;
  readonly views: Views = {
    ...{ page: notHere, count: notHere, explain: notHere },
    read: (tenant, users) => this.#read(tenant, users),
    readSelf: (ref) => this.#readSelf(ref),
  };
  readonly groups: GroupViews = { page: notHere, count: notHere, members: notHere };
  readonly people: People = {
    ...{
      claimOwn: notHere,
      claim: notHere,
      note: notHere,
      keepSession: notHere,
      endSession: notHere,
      touch: notHere,
      regroup: notHere,
    },
  };
  readonly endings: Endings = {
    ...{ end: notHere, disconnect: notHere, revoke: notHere, forget: notHere },
    revocations: async () => [],
    refuse: async () => undefined,
  };
  readonly places: Places = {
    ...{ members: notHere, top: notHere, page: notHere, counts: notHere, of: notHere },
    ...{ enter: notHere, leave: notHere, ofSession: notHere, putOut: notHere },
  };
  readonly #options: FaultyStoreOptions;
  readonly #shards: Shard[];
  /** How many calls go wrong: 0 none, 1 all. */
  trouble = 0;
  calls = 0;
  /** Users of whom something took effect late: what was "so long ago" then seems to have been later than it was. */
  readonly late = new Set<string>();
  #gens = 0;

  constructor(options: FaultyStoreOptions) {
    this.#options = options;
    this.partitions = options.partitions;
    this.#shards = Array.from({ length: options.partitions }, (_, partition) => ({
      store: this.#fresh(partition),
      gen: this.#gen(),
      seqs: new Map(),
      fenced: new Set(),
      journal: [],
    }));
  }

  partitionOf(owner: TokenOwner): number {
    return partitionOf(owner, this.partitions);
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async beat(partition: number, { node, gen, acked }: Beat): Promise<BeatReply> {
    await this.#trip();
    const shard = this.#shard(partition);
    const fenced = shard.fenced.has(node);
    let lost = gen !== undefined && gen !== shard.gen;
    if (!lost && !fenced && (shard.seqs.get(node) ?? 0) < acked) {
      shard.gen = this.#gen();
      lost = true;
    }
    const clock = this.#options.micros();
    return {
      fenced,
      gen: shard.gen,
      lost,
      holdMs: 0,
      young: false,
      stuck: false,
      clock,
      last: 0,
      micros: clock,
      shiftMs: 0,
    };
  }

  async apply(partition: number, batch: Batch): Promise<ApplyReply> {
    this.calls += 1;
    const fate = this.#options.random();
    if (fate < this.trouble / 4) throw new Error('away');
    if (fate < this.trouble / 2) {
      // Everybody has given it up when it takes effect, if it still may.
      void this.#applyLate(partition, batch);
      await wait(this.#options.random() * 2000);
      throw new Error('timeout');
    }
    await this.#delay();
    const reply = await this.#apply(partition, batch);
    if (fate < (this.trouble * 3) / 4) throw new Error('the answer was lost');
    await this.#delay();
    return reply;
  }

  async replicated(): Promise<boolean> {
    return true;
  }

  async retire(): Promise<void> {}

  async held(partition: number, node: string): Promise<UserRef[]> {
    await this.#trip();
    return this.heldNow(partition, node);
  }

  heldNow(partition: number, node: string): Promise<UserRef[]> {
    return this.#shard(partition).store.leases.held(0, node);
  }

  /** The node is taken for dead: its epochs so far are fenced, and what they held is cleared. */
  async condemn(partition: number, nodeId: string, epoch: number): Promise<void> {
    const shard = this.#shard(partition);
    for (let old = 0; old <= epoch; old += 1) shard.fenced.add(`${nodeId}.${old}`);
    await this.reap(partition);
  }

  /** Everything is lost. */
  empty(partition: number): void {
    const shard = this.#shard(partition);
    Object.assign(shard, { store: this.#fresh(partition), gen: this.#gen(), seqs: new Map(), journal: [] });
  }

  /** The newest writes are lost, as by a failover: whoever wrote them finds out. */
  async setBack(partition: number, writes: number): Promise<void> {
    const shard = this.#shard(partition);
    const journal = shard.journal.slice(0, Math.max(0, shard.journal.length - writes));
    const muted = this.#fresh(partition, true);
    Object.assign(shard, { store: muted, seqs: new Map(), journal: [] });
    for (const write of journal) await this.#tell(shard, write);
    this.#mute = false;
  }

  async sweep(partition: number): Promise<SweepReply> {
    return this.#shard(partition).store.upkeep.sweep(0);
  }

  /** Clears what fenced epochs hold; after a set-back they may hold something again. */
  async reap(partition: number): Promise<ReapReply> {
    const shard = this.#shard(partition);
    let users = 0;
    for (const node of shard.fenced) {
      const listed = await shard.store.leases.held(0, node);
      users += listed.length;
      if (listed.length > 0)
        await this.#tell(shard, { node, seq: Number.MAX_SAFE_INTEGER, entries: listed.map(gone) });
    }
    return { fenced: 0, users };
  }

  async restore(): Promise<void> {}

  async #read(tenant: string, users: readonly string[]): Promise<View[]> {
    const selves = await Promise.all(users.map((user) => this.#readSelf({ tenant, user })));
    return selves.map(({ view }) => view);
  }

  #readSelf(ref: UserRef): Promise<SelfView> {
    return this.#shard(this.partitionOf(ref)).store.views.readSelf(ref);
  }

  async register(self: NodeInfo): Promise<NodeInfo[]> {
    return [self];
  }

  async unregister(): Promise<void> {}

  #mute = false;

  #fresh(partition: number, mute = false): MemoryStore {
    this.#mute = mute;
    const { feed, random: _, ...options } = this.#options;
    return new MemoryStore({
      ...options,
      partitions: 1,
      publish: (_partition, entries) => {
        if (!this.#mute) feed.publish(partition, entries);
      },
    });
  }

  #gen(): string {
    this.#gens += 1;
    return `g${this.#gens}`;
  }

  #shard(partition: number): Shard {
    const shard = this.#shards[partition];
    if (!shard) throw new RangeError(`no partition ${partition}`);
    return shard;
  }

  async #apply(partition: number, batch: Batch): Promise<ApplyReply> {
    const shard = this.#shard(partition);
    const { node, gen, base, seq, entries } = batch;
    if (shard.fenced.has(node)) return { result: 'fenced' };
    const storedSeq = shard.seqs.get(node) ?? 0;
    if (gen !== shard.gen || storedSeq < base) return { result: 'lost' };
    if (seq <= storedSeq) return { result: 'stale' };
    return this.#tell(shard, { node, seq, entries });
  }

  async #applyLate(partition: number, batch: Batch): Promise<void> {
    await wait(this.#options.random() * 8000);
    const { result } = await this.#apply(partition, batch);
    if (result === 'ok') for (const { user } of batch.entries) this.late.add(user);
  }

  async #tell(shard: Shard, write: Shard['journal'][number]): Promise<ApplyReply> {
    const { node, seq, entries } = write;
    shard.seqs.set(node, seq);
    shard.journal.push(write);
    return shard.store.reports.apply(0, { node, gen: 'memory', seen: 0, base: 0, seq, entries });
  }

  async #delay(): Promise<void> {
    if (this.#options.random() < this.trouble) await wait(this.#options.random() * 300);
  }

  async #trip(): Promise<void> {
    await this.#delay();
    if (this.#options.random() < this.trouble / 2) throw new Error('away');
  }
}

const gone = (ref: UserRef): Entry => ({
  ...ref,
  count: 0,
  activeAgo: -1,
  idle: false,
  openedAgo: -1,
  closedAgo: -1,
  graceMs: 0,
  devices: [],
  iat: 0,
});
