import type { Reason, Status, View } from '../../../src/domain/model.ts';
import type { PlaceMember, PlaceTransition } from '../../../src/domain/place.ts';
import type { Command, FeedListener } from '../../../src/events/feed.ts';
import type { Tuning } from '../../../src/fanout/context.ts';
import type { Sink, Watcher, WatchRequest } from '../../../src/fanout/fanout.ts';
import type { FanoutSettings } from '../../../src/fanout/limits.ts';
import { type FanoutOptions, NodeFanout } from '../../../src/fanout/node-fanout.ts';
import type { Viewer } from '../../../src/fanout/visibility.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import type { Presence } from '../../../src/protocol/presence.ts';
import { StoreError } from '../../../src/store/port/store-error.ts';
import type { Counts, Page } from '../../../src/store/port/views.ts';
import { notHere } from '../../support/not-here.ts';

const TENANT = 'acme';
/** 2026-11-21T12:00:00Z */
export const EPOCH = 1_795_262_400_000;

/** Time that passes when told to, and its timers. */
export class FakeTime {
  ms = 1000;
  #timers: { at: number; run: () => void }[] = [];

  readonly now = (): number => this.ms;
  readonly schedule = (run: () => void, ms: number): (() => void) => {
    const timer = { at: this.ms + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  get timers(): number {
    return this.#timers.length;
  }

  advance(ms: number): void {
    const end = this.ms + ms;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.ms = Math.max(this.ms, next.at);
      next.run();
    }
    this.ms = end;
  }
}

export interface Call {
  readonly kind: 'read' | 'page' | 'count' | 'members' | 'place' | 'top' | 'counts';
  readonly users: readonly string[];
  /** Answers with what is true when asked, not when answering. */
  answer(): void;
  /** Answers with what was true when the call was made. */
  answerOld(): void;
  fail(error?: Error): void;
}

export const view = (user: string, ver: number, status: Status = ver === 0 ? 'offline' : 'online'): View => ({
  user,
  status,
  since: ver === 0 ? 0 : EPOCH + ver,
  ver,
  devices: status === 'offline' ? [] : ['web'],
});

/** Holds what is true and answers when told to, or at once. */
class FakeStore {
  readonly truth = new Map<string, View>();
  readonly calls: Call[] = [];
  /** What it was told that it may have lost. */
  readonly told: (readonly View[])[] = [];
  /** What comes of it; nothing, as of those who were forgotten. */
  restored: ((known: readonly View[]) => void) | undefined;
  /** Not answered yet. */
  open: Call[] = [];
  auto = true;
  away = false;
  pageSize = Number.POSITIVE_INFINITY;

  readonly partitions = 2;
  readonly reports = this;
  readonly views = this;
  readSelf = notHere;
  explain = notHere;
  readonly groups = {
    ...{ page: notHere, count: notHere },
    members: (_tenant: string, group: string, max: number): Promise<View[] | undefined> =>
      this.#call('members', [], () => {
        const members = [...this.truth.values()].filter(({ groups }) => groups?.includes(group) === true);
        return members.length > max ? undefined : members;
      }),
  };

  /** Who is where, as others see it. */
  readonly inPlaces = new Map<string, Map<string, PlaceMember>>();
  readonly places = {
    members: (_tenant: string, place: string, max: number): Promise<PlaceMember[] | undefined> =>
      this.#call('place', [], () => {
        const members = this.#inPlace(place);
        return members.length > max ? undefined : members;
      }),
    top: (_tenant: string, place: string, n: number): Promise<{ users: PlaceMember[]; total: number }> =>
      this.#call('top', [], () => {
        const members = this.#inPlace(place).sort((a, b) => a.since - b.since);
        return { users: members.slice(0, n), total: members.length };
      }),
    counts: (_tenant: string, places: readonly string[]): Promise<number[]> =>
      this.#call('counts', [], () => places.map((place) => this.#inPlace(place).length)),
  };

  #inPlace(place: string): PlaceMember[] {
    return [...(this.inPlaces.get(place)?.values() ?? [])];
  }

  partitionOf = ({ user = '' }: { user?: string | undefined }): number =>
    user.charCodeAt(user.length - 1) % 2;

  /** A store that gathers takes what it is told, and cannot answer yet. */
  restore = async (_tenant: string, known: readonly View[]): Promise<void> => {
    this.told.push(known);
    this.restored?.(known);
  };

  read = (_tenant: string, users: readonly string[]): Promise<View[]> =>
    this.#call('read', users, () => users.map((user) => this.truth.get(user) ?? view(user, 0)));

  page = (_tenant: string, limit: number, cursor?: string): Promise<Page> =>
    this.#call('page', [], () => {
      const size = Math.min(limit, this.pageSize);
      const rest = [...this.truth.values()]
        .filter(({ status, user }) => status !== 'offline' && (cursor === undefined || user > cursor))
        .sort((a, b) => (a.user < b.user ? -1 : 1));
      const users = rest.slice(0, size);
      const last = users.at(-1)?.user;
      return { users, ...(rest.length > size && last !== undefined && { cursor: last }) };
    });

  count = (_tenant: string): Promise<Counts> =>
    this.#call('count', [], () => {
      const counts = { online: 0, away: 0, busy: 0 };
      for (const { status } of this.truth.values()) if (status !== 'offline') counts[status] += 1;
      return counts;
    });

  answerAll(): void {
    while (this.open.length > 0) this.open[0]?.answer();
  }

  #call<T>(kind: Call['kind'], users: readonly string[], value: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const old = value();
      const done = (): void => {
        this.open = this.open.filter((other) => other !== call);
      };
      const call: Call = {
        kind,
        users,
        answer: () => {
          done();
          resolve(value());
        },
        answerOld: () => {
          done();
          resolve(old);
        },
        fail: (error = new StoreError('unavailable', 'away')) => {
          done();
          reject(error);
        },
      };
      this.calls.push(call);
      this.open.push(call);
      if (this.away) call.fail();
      else if (this.auto) call.answer();
    });
  }
}

class FakeFeed {
  readonly listeners = new Set<FeedListener>();
  subscribe = (listener: FeedListener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

export interface Frame {
  readonly type: string;
  readonly users: readonly Presence[];
  readonly snapshot?: true;
  readonly ref?: string;
  readonly more?: true;
  readonly group?: string;
  readonly joined?: readonly string[];
  readonly left?: readonly string[];
  readonly code?: string;
}

/** A socket in memory. With `blocked` the peer reads nothing. */
export class FakeSink implements Sink {
  readonly raw: (string | Buffer)[] = [];
  readonly frames: Frame[] = [];
  blocked = false;
  /** Counts only what was sent while blocked, as a kernel that took everything before. */
  buffered = 0;
  onFrame: ((frame: Frame) => void) | undefined;

  send(frame: string | Buffer): void {
    this.raw.push(frame);
    const parsed = JSON.parse(frame.toString()) as Frame;
    if (this.blocked) this.buffered += frame.length;
    this.frames.push(parsed);
    this.onFrame?.(parsed);
  }

  /** What was sent since the last look, as it was sent. */
  takeFrames(): Frame[] {
    this.raw.length = 0;
    return this.frames.splice(0);
  }

  /** What was sent since the last look, each user as `user@ver`, snapshots in brackets. */
  take(): string[] {
    const taken = this.frames.splice(0).map((frame) => {
      if (frame.type !== 'presence') return frame.type;
      const users = frame.users.map(({ user, ver }) => `${user}@${ver}`).join(' ');
      return frame.snapshot === true ? `[${users}]${frame.more === true ? '+' : ''}` : users;
    });
    this.raw.length = 0;
    return taken;
  }
}

const SETTINGS: FanoutSettings = {
  fanoutWindowMs: 20,
  maxWatches: 5000,
  maxNodeWatches: 2_000_000,
  tenantWatchMax: 5000,
  placeWatchMax: 5000,
  watchPolicy: 'tenant',
};

export const VIEWER: Viewer = { self: 'me', users: true, everyone: true, groups: [], sharedOnly: false };

export interface EventExtras extends Partial<View> {
  readonly reason?: Reason;
  /** Place in the log, if not as the version. */
  readonly id?: number;
}

export interface RigOptions {
  readonly settings?: Partial<FanoutSettings>;
  readonly tuning?: Partial<Tuning>;
  readonly options?: Partial<FanoutOptions>;
}

/** A node's fan-out over fakes, started. */
export class Rig {
  readonly time = new FakeTime();
  readonly store = new FakeStore();
  readonly feed = new FakeFeed();
  readonly metrics = createMetrics();
  readonly logged: unknown[] = [];
  readonly fanout: NodeFanout;

  constructor({ settings = {}, tuning = {}, options = {} }: RigOptions = {}) {
    const log = (details: object): void => void this.logged.push(details);
    this.fanout = new NodeFanout({
      store: this.store,
      feed: this.feed,
      settings: { ...SETTINGS, ...settings },
      metrics: this.metrics,
      log: { info: () => undefined, warn: () => undefined, error: log },
      clock: { monotonic: this.time.now, wall: () => EPOCH + this.time.ms },
      schedule: this.time.schedule,
      random: () => 0.5,
      tuning: { resyncJitterMs: 0, ...tuning },
      ...options,
    });
    void this.fanout.start();
  }

  connect(tenant = TENANT, viewer: Partial<Viewer> = {}): { sink: FakeSink; watcher: Watcher } {
    const sink = new FakeSink();
    return { sink, watcher: this.fanout.watcher(tenant, sink, { ...VIEWER, ...viewer }) };
  }

  /** A connection that watches already, its snapshot taken. */
  async watching(
    request: WatchRequest,
    tenant = TENANT,
    viewer: Partial<Viewer> = {},
  ): Promise<{ sink: FakeSink; watcher: Watcher }> {
    const connection = this.connect(tenant, viewer);
    await connection.watcher.watch(request);
    connection.sink.take();
    return connection;
  }

  /** What is true in the store from now on, without an event. */
  set(user: string, ver: number, status?: Status, groups?: readonly string[]): void {
    this.store.truth.set(user, { ...view(user, ver, status), ...(groups !== undefined && { groups }) });
  }

  /** The event of a transition, and its truth. */
  event(user: string, ver: number, status?: Status, more: EventExtras = {}): void {
    if (ver > (this.store.truth.get(user)?.ver ?? 0)) this.set(user, ver, status, more.groups);
    this.late(user, ver, status, more);
  }

  /** The event of a transition that the store has long recorded. */
  late(user: string, ver: number, status?: Status, more: EventExtras = {}): void {
    const { reason = 'connect', id = ver, ...rest } = more;
    for (const listener of this.feed.listeners) {
      listener.transition?.({
        id,
        partition: this.store.partitionOf({ user }),
        transition: { ...view(user, ver, status), ...rest, tenant: TENANT, previous: 'offline', reason },
      });
    }
  }

  /** A user's groups changed without a transition. */
  regroup(user: string, groups: readonly string[]): void {
    const now = { ...(this.store.truth.get(user) ?? view(user, 0)), groups };
    this.store.truth.set(user, now);
    this.command({ type: 'groups', ref: { tenant: TENANT, user }, view: now });
  }

  /** Somebody enters a place or says other data there: the truth, and its event. */
  enters(place: string, user: string, ver: number, data?: string, groups?: readonly string[]): void {
    const members = this.store.inPlaces.get(place) ?? new Map<string, PlaceMember>();
    this.store.inPlaces.set(place, members);
    const known = members.get(user);
    const member: PlaceMember = {
      user,
      since: known?.since ?? EPOCH + ver,
      ver,
      ...(data !== undefined && { data }),
      ...(groups !== undefined && { groups }),
    };
    members.set(user, member);
    this.placed({ ...member, tenant: TENANT, place, change: known ? 'changed' : 'entered', reason: 'enter' });
  }

  leaves(place: string, user: string, ver: number): void {
    this.store.inPlaces.get(place)?.delete(user);
    const since = EPOCH + ver;
    this.placed({ user, since, ver, tenant: TENANT, place, change: 'left', reason: 'leave' });
  }

  placed(place: PlaceTransition): void {
    for (const listener of this.feed.listeners) listener.place?.({ id: place.ver, partition: 0, place });
  }

  command(command: Command): void {
    for (const listener of this.feed.listeners) listener.command?.(command, { id: 0, partition: 0 });
  }

  reset(partition: number): void {
    for (const listener of this.feed.listeners) listener.reset?.(partition);
  }

  /** Answers whatever is asked, with what is true then, until all of it is done. */
  async answered(work: readonly Promise<unknown>[]): Promise<void> {
    let isDone = false;
    const all = Promise.all(work).finally(() => {
      isDone = true;
    });
    all.catch(() => undefined);
    while (!isDone) {
      this.store.answerAll();
      await settle();
    }
    await all;
  }

  async metric(name: string, labels: Record<string, string> = {}): Promise<number> {
    const metric = await this.metrics.register.getSingleMetric(name)?.get();
    const found = metric?.values.find((value) =>
      Object.entries(labels).every(([label, wanted]) => value.labels[label as never] === wanted),
    );
    return found?.value ?? 0;
  }
}

/** Lets everything that only waits for resolved promises go on. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
