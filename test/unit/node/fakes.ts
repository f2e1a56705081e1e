import { pino } from 'pino';
import type { UserPrincipal } from '../../../src/auth/principal.ts';
import type { Device, OwnGroups, UserRef, View } from '../../../src/domain/model.ts';
import type { NodeContext } from '../../../src/node/context.ts';
import type { Member } from '../../../src/node/membership.ts';
import { Partitions } from '../../../src/node/partitions.ts';
import { Revocations } from '../../../src/node/revocations.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import type { Partitioning } from '../../../src/store/partition.ts';
import type { Endings, Revocation } from '../../../src/store/port/endings.ts';
import type { Beat, BeatReply } from '../../../src/store/port/leases.ts';
import type { NodeInfo } from '../../../src/store/port/registry.ts';
import type { ApplyReply, Batch, Entry } from '../../../src/store/port/reports.ts';
import type { ReapReply, SweepReply } from '../../../src/store/port/upkeep.ts';
import type { SelfView } from '../../../src/store/port/views.ts';
import { notHere } from '../../support/not-here.ts';

export const silent = pino({ level: 'silent' });

export const view = (user: string, over: Partial<View> = {}): View => ({
  user,
  status: 'online',
  since: 1,
  ver: 1,
  devices: ['web'],
  ...over,
});

export const selfView = (user: string, over: Partial<View> = {}, more: Partial<SelfView> = {}): SelfView => ({
  view: view(user, over),
  invisible: false,
  ...more,
});

/** One open connection, of which tests change what it says of itself. */
export class FakeMember implements Member {
  readonly seen: View[] = [];

  itself({ view }: SelfView): void {
    this.seen.push(view);
  }

  readonly told: OwnGroups[] = [];

  regrouped(own: OwnGroups): void {
    this.told.push(own);
  }

  readonly ref: UserRef;
  readonly owner: UserRef;
  principal: UserPrincipal;
  readonly device: Device;
  openedAt: number;
  activeAt = -1;
  openedIdle = false;
  idle = false;
  readonly evicted: string[] = [];

  constructor(
    user: string,
    over: { tenant?: string; device?: Device; openedAt?: number } & Partial<UserPrincipal> = {},
  ) {
    const { tenant = 'acme', device = 'web', openedAt = performance.now(), ...principal } = over;
    this.ref = { tenant, user };
    this.owner = this.ref;
    this.device = device;
    this.openedAt = openedAt;
    this.principal = { tenant, user, scopes: new Set(['connect']), exp: 4_000_000_000, ...principal };
  }

  /** What waits for a sign of life. */
  answer: (() => void) | undefined;
  /** Most are there, and answer at once. */
  silent = false;
  readonly outOf: string[] = [];
  putOut(places: readonly string[]): void {
    this.outOf.push(...places);
  }

  probe(answered: () => void): void {
    this.answer = answered;
    if (!this.silent) answered();
  }

  /** Closes it, as sessions do. */
  onEvict: () => void = () => undefined;
  evict(how: string): void {
    this.evicted.push(how);
    this.onEvict();
  }
}

export const ok = (over: Partial<ApplyReply & { result: 'ok' }> = {}): ApplyReply => ({
  result: 'ok',
  clock: 1000,
  selves: new Map(),
  tookOver: [],
  ...over,
});

export const beaten = (over: Partial<BeatReply> = {}): BeatReply => ({
  fenced: false,
  gen: 'g1',
  lost: false,
  holdMs: 0,
  young: false,
  stuck: false,
  clock: 1000,
  last: 0,
  micros: 1000,
  shiftMs: 0,
  ...over,
});

type Told = { readonly partition: number; readonly batch: Batch };

/** A store that answers what a test tells it to, and remembers what it was told. */
export class FakeStore {
  readonly partitions: number;
  readonly leases = this;
  readonly upkeep = this;
  readonly reports = this;
  readonly endings: Endings = {
    ...{ end: notHere, disconnect: notHere, revoke: notHere, forget: notHere },
    revocations: () => this.revocations(),
    refuse: (partition, revocations) => this.refuse(partition, revocations),
  };
  readonly registry = this;
  readonly applied: Told[] = [];
  readonly beats: { readonly partition: number; readonly beat: Beat }[] = [];
  readonly calls: string[] = [];
  onApply: (batch: Batch, partition: number) => Promise<ApplyReply> = async () => ok();
  onBeat: (beat: Beat, partition: number) => Promise<BeatReply> = async () => beaten();
  onHeld: (partition: number, node: string) => Promise<UserRef[]> = async () => [];
  onRegister: (self: NodeInfo) => Promise<NodeInfo[]> = async (self) => [self];

  constructor(partitions = 1) {
    this.partitions = partitions;
  }

  /** Entries of every batch so far, in order, as `user count`. */
  get told(): string[][] {
    return this.applied.map(({ batch }) => batch.entries.map(({ user, count }) => `${user} ${count}`));
  }

  /** The newest entry told of a user. */
  newest(user: string): Entry | undefined {
    return this.applied
      .flatMap(({ batch }) => batch.entries)
      .filter((entry) => entry.user === user)
      .at(-1);
  }

  partitionOf(ref: UserRef): number {
    return (ref.user.charCodeAt(ref.user.length - 1) ?? 0) % this.partitions;
  }

  apply(partition: number, batch: Batch): Promise<ApplyReply> {
    this.applied.push({ partition, batch });
    return this.onApply(batch, partition);
  }

  beat(partition: number, beat: Beat): Promise<BeatReply> {
    this.beats.push({ partition, beat });
    return this.onBeat(beat, partition);
  }

  onReplicated: (partition: number) => Promise<boolean> = async () => true;
  replicated(partition: number): Promise<boolean> {
    this.calls.push(`replicated ${partition}`);
    return this.onReplicated(partition);
  }

  async retire(partition: number, node: string): Promise<void> {
    this.calls.push(`retire ${partition} ${node}`);
  }

  held(partition: number, node: string): Promise<UserRef[]> {
    this.calls.push(`held ${partition} ${node}`);
    return this.onHeld(partition, node);
  }

  onRevocations: () => Promise<Revocation[]> = async () => [];
  revocations(): Promise<Revocation[]> {
    this.calls.push('revocations');
    return this.onRevocations();
  }

  onRefuse: (partition: number, revocations: readonly Revocation[]) => Promise<void> = async () => undefined;
  refuse(partition: number, revocations: readonly Revocation[]): Promise<void> {
    this.calls.push(`refuse ${partition} ${revocations.map(({ user, at }) => `${user} ${at}`).join()}`);
    return this.onRefuse(partition, revocations);
  }

  async restore(): Promise<void> {}

  async reap(): Promise<ReapReply> {
    return { fenced: 0, users: 0 };
  }

  async sweep(): Promise<SweepReply> {
    return { swept: 0, more: false };
  }

  register(self: NodeInfo): Promise<NodeInfo[]> {
    this.calls.push(`register ${self.id}`);
    return this.onRegister(self);
  }

  async unregister(id: string): Promise<void> {
    this.calls.push(`unregister ${id}`);
  }
}

/** What the parts of a node share, over the fake clock. */
export const contextOf = (partitioning: Partitioning, over: Partial<NodeContext> = {}): NodeContext => {
  const now = (): number => performance.now();
  return {
    nodeId: 'n1',
    partitions: new Partitions(partitioning, { monotonic: now, wall: now }),
    intervalMs: 2000,
    ttlMs: 6000,
    now,
    metrics: createMetrics(),
    logger: silent,
    ...over,
  };
};

export const revocationsOf = (
  store: Partitioning & { readonly endings: Endings },
  wallNow: () => number,
): Revocations =>
  new Revocations({
    endings: store.endings,
    partitioning: store,
    keepMs: 86_400_000,
    retryMs: 500,
    clock: { wall: wallNow },
    logger: silent,
  });

/** A promise that the test settles. */
export const gate = <T = void>() => {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};
