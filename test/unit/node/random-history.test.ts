import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClaimStatus, Device } from '../../../src/domain/model.ts';
import type { Leaving } from '../../../src/node/membership.ts';
import { PresenceNode } from '../../../src/node/presence-node.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import type { Entry } from '../../../src/store/port/reports.ts';
import { Capacity } from '../../../src/time/capacity.ts';
import fc from '../../support/fast-check.ts';
import { memoryFeed } from '../../support/memory-feed.ts';
import { FakeMember, silent } from './fakes.ts';
import { FaultyStore } from './faulty-store.ts';
import { AWAY_MS, COMMAND_MS, DRAIN_GRACE_MS, freezeTime, GRACE_MS, pass, TTL_MS } from './rig.ts';

/**
 * Whatever happens between a node and its store, in the end the store says of everybody what it would have said had
 * every connection told it everything at once: nothing is lost, nothing comes back, nobody waits for ever.
 */

const PARTITIONS = 2;
const USERS = ['ann', 'bob', 'cleo', 'dan'] as const;
const INTERVAL_MS = 2000;
const EPOCH = Date.UTC(2100, 0, 1);
const STORE = {
  lastSeen: 'exact',
  heartbeatIntervalMs: INTERVAL_MS,
  heartbeatTtlMs: TTL_MS,
  policy: {
    idleAwayMs: AWAY_MS,
    idleOfflineMs: 0,
    graceMs: GRACE_MS,
    retentionMs: 86_400_000,
    revocationMs: 86_400_000,
  },
} as const;

type Join = { kind: 'join'; user: string; device: Device; name: string };
/** Something a connection does. */
type Act =
  | { kind: 'leave'; which: number; how: Leaving }
  | { kind: 'active'; which: number }
  | { kind: 'idle'; which: number }
  | { kind: 'renew'; which: number; name: string }
  | { kind: 'claim'; which: number; status: ClaimStatus | null };
/** Something that happens to the store. */
type Fault =
  | { kind: 'trouble'; much: number }
  | { kind: 'condemn'; partition: number }
  | { kind: 'empty'; partition: number }
  | { kind: 'setBack'; partition: number; writes: number };
type Step = Join | Act | Fault;

const which = fc.nat(20);
const partition = fc.nat(PARTITIONS - 1);
const name = fc.constantFrom('Ann', 'Annabel', 'A.');
const of = <K extends string>(kind: K) => fc.constant(kind);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: of('join'),
      user: fc.constantFrom(...USERS),
      device: fc.constantFrom<Device>('web', 'mobile'),
      name,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: of('leave'),
      which,
      how: fc.constantFrom<Leaving>('goodbye', 'lost', 'drain'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: of('active'), which }) },
  { weight: 2, arbitrary: fc.record({ kind: of('idle'), which }) },
  { weight: 1, arbitrary: fc.record({ kind: of('renew'), which, name }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: of('claim'),
      which,
      status: fc.constantFrom<ClaimStatus | null>('busy', 'away', 'invisible', null),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: of('trouble'), much: fc.constantFrom(0, 0.3, 0.9, 1.4) }) },
  { weight: 1, arbitrary: fc.record({ kind: of('condemn'), partition }) },
  { weight: 1, arbitrary: fc.record({ kind: of('empty'), partition }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: of('setBack'), partition, writes: fc.integer({ min: 1, max: 4 }) }),
  },
);
const history = fc.array(fc.tuple(step, fc.constantFrom(0, 0, 1, 40, 300, 2500, 7000)), { maxLength: 40 });

const now = (): number => performance.now();
const micros = (): number => EPOCH * 1000 + Math.floor(now() * 1000);
const waitsUntil = (ms: number): Promise<void> => pass(ms, 50);

/** Pseudo-random numbers from a seed (mulberry32), so that a history that fails can be repeated. */
const randomFrom = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
};

class World {
  readonly feed = memoryFeed({ partitions: PARTITIONS });
  readonly store: FaultyStore;
  /** The truth: every connection tells it everything at once, under a name of its own. */
  readonly truth = new MemoryStore({ ...STORE, partitions: 1, micros, publish: () => undefined });
  readonly node: PresenceNode;
  readonly members: FakeMember[] = [];
  readonly #ids = new Map<FakeMember, string>();
  readonly #epochs = Array.from({ length: PARTITIONS }, () => 0);
  /** Users who were here, and of whom the node had been told what the store knew. */
  readonly #known = new Set<string>();
  /** Users who were not when their partition lost data: what only the store knew of them is gone for good. */
  readonly #blurred = new Set<string>();
  waiting = 0;
  #iat = 1000;

  constructor(seed: number) {
    this.store = new FaultyStore({
      ...STORE,
      partitions: PARTITIONS,
      micros,
      feed: this.feed,
      random: randomFrom(seed),
    });
    const beat = this.store.beat.bind(this.store);
    this.store.beat = (partition, told) => {
      this.#epochs[partition] = Number(told.node.split('.')[1]);
      return beat(partition, told);
    };
    this.node = new PresenceNode({
      identity: { id: 'n1', name: 'node', version: '1' },
      storage: { store: this.store, feed: this.feed, link: { up: true, onTurn: () => () => undefined } },
      periods: {
        heartbeatIntervalMs: INTERVAL_MS,
        heartbeatTtlMs: TTL_MS,
        reapIntervalMs: 1000,
        graceMs: GRACE_MS,
        drainGraceMs: DRAIN_GRACE_MS,
        idleAwayMs: AWAY_MS,
        commandTimeoutMs: COMMAND_MS,
        revocationMs: STORE.policy.revocationMs,
      },
      clock: { monotonic: now, wall: () => EPOCH + now() },
      capacity: new Capacity(1000),
      metrics: createMetrics(),
      logger: silent,
      onIncompatible: () => undefined,
    });
    this.node.start();
  }

  async do(step: Step): Promise<void> {
    // A grace that is over but was not looked at yet still counts: both look at the same moments.
    await Promise.all([this.truth.upkeep.sweep(0), this.store.sweep(0), this.store.sweep(1)]);
    switch (step.kind) {
      case 'join':
        return this.#join(step);
      case 'trouble':
        this.store.trouble = step.much;
        return;
      case 'condemn':
        return this.store.condemn(step.partition, 'n1', this.#epochs[step.partition] ?? 0);
      case 'empty':
        this.#blur();
        this.store.empty(step.partition);
        return;
      case 'setBack':
        this.#blur();
        return this.store.setBack(step.partition, step.writes);
      default: {
        const member = this.members[step.which % Math.max(1, this.members.length)];
        if (member) await this.#act(member, step);
      }
    }
  }

  #blur(): void {
    for (const user of USERS) if (!this.#known.has(user)) this.#blurred.add(user);
  }

  async #join({ user, device, name }: Join): Promise<void> {
    this.#iat += 1;
    const member = new FakeMember(user, { device, name, iat: this.#iat });
    this.#ids.set(member, `c${this.#ids.size}.0`);
    this.members.push(member);
    const welcome = this.node.roster.join(member);
    this.#track(welcome);
    void welcome.then((self) => {
      if (self && this.members.includes(member)) this.#known.add(user);
    });
    await this.#tell(member, 1);
  }

  async #act(member: FakeMember, step: Act): Promise<void> {
    const { roster } = this.node;
    switch (step.kind) {
      case 'leave':
        this.members.splice(this.members.indexOf(member), 1);
        roster.leave(member, step.how);
        if (!this.connected.includes(member.ref.user)) this.#known.delete(member.ref.user);
        return this.#tell(member, 0, step.how);
      case 'active':
        member.activeAt = now();
        member.idle = false;
        break;
      case 'idle':
        member.idle = true;
        break;
      case 'renew':
        this.#iat += 1;
        member.principal = { ...member.principal, name: step.name, iat: this.#iat };
        roster.renewed(member);
        return this.#tell(member, 1);
      case 'claim':
        this.#track(roster.claim(member.ref, { status: step.status }));
        await this.truth.people.claimOwn(member.ref, { status: step.status });
        return;
    }
    roster.touched(member);
    await this.#tell(member, 1);
  }

  #track(promise: Promise<unknown>): void {
    this.waiting += 1;
    const settled = (): void => {
      this.waiting -= 1;
    };
    promise.then(settled, settled);
  }

  async #tell(member: FakeMember, count: number, how?: Leaving): Promise<void> {
    const { name, iat = 0 } = member.principal;
    const entry: Entry = {
      ...member.ref,
      count,
      activeAgo: member.activeAt < 0 ? -1 : now() - member.activeAt,
      idle: member.idle,
      openedAgo: now() - member.openedAt,
      closedAgo: how === 'lost' || how === 'drain' ? 0 : -1,
      graceMs: how === 'drain' ? DRAIN_GRACE_MS : GRACE_MS,
      devices: count > 0 ? [member.device] : [],
      iat,
      ...(name !== undefined && { name }),
    };
    const node = this.#ids.get(member) ?? '';
    await this.truth.reports.apply(0, { node, gen: 'memory', seen: 0, base: 0, seq: 1, entries: [entry] });
  }

  get connected(): string[] {
    return [...new Set(this.members.map(({ ref }) => ref.user))].sort();
  }

  /** What a store says of everybody, as far as it can be known and does not depend on the moments of writing. */
  async says(store: FaultyStore | MemoryStore): Promise<object[]> {
    const users = USERS.map(async (user) => {
      const { view, invisible, claim } = await store.views.readSelf({ tenant: 'acme', user });
      const { devices, name } = view;
      // In a grace that seemed to last longer, whoever came back may have taken over that they were idle.
      const status = this.store.late.has(user) && view.status === 'away' ? 'online' : view.status;
      if (!this.connected.includes(user)) return { user, status };
      if (this.#blurred.has(user)) return { user };
      // Who hid before anything was stored was never seen, and a name nobody saw is not shown.
      if (invisible) return { user, status, devices, invisible };
      return { user, status, devices, name, invisible, claim: claim?.status };
    });
    return Promise.all(users);
  }

  /** Whom the store lists for this node, in whichever epoch. */
  async listed(): Promise<string[]> {
    const lists = await Promise.all(
      this.#epochs.flatMap((newest, partition) =>
        Array.from({ length: newest + 1 }, (_, epoch) => this.store.heldNow(partition, `n1.${epoch}`)),
      ),
    );
    return lists
      .flat()
      .map(({ user }) => user)
      .sort();
  }
}

describe('a node and its store', () => {
  beforeEach(freezeTime);
  afterEach(() => {
    vi.useRealTimers();
  });

  it('agree in the end, whatever happened between them', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(), async (steps, seed) => {
        // A history that failed leaves its node running.
        vi.clearAllTimers();
        const world = new World(seed);
        await waitsUntil(100);
        for (const [what, ms] of steps) {
          await world.do(what);
          if (ms > 0) await waitsUntil(ms);
        }
        world.store.trouble = 0;
        // What was given up takes effect, leases are renewed, graces end.
        await waitsUntil(DRAIN_GRACE_MS + 2 * INTERVAL_MS + 8000);
        await world.truth.upkeep.sweep(0);
        expect(await world.says(world.store)).toEqual(await world.says(world.truth));
        const { connected } = world;
        expect(await world.listed()).toEqual(connected);
        expect(world.node.roster.users).toBe(connected.length);
        expect(world.waiting).toBe(0);

        for (const member of world.members.slice()) world.node.roster.leave(member, 'lost');
        await waitsUntil(GRACE_MS + TTL_MS + 3 * INTERVAL_MS);
        expect(await world.listed()).toEqual([]);
        const before = world.store.calls;
        for (let p = 0; p < PARTITIONS; p += 1) world.node.roster.reassert(p);
        await waitsUntil(1000);
        expect(world.store.calls, 'users still kept').toBe(before);
        const stopping = world.node.stop();
        await waitsUntil(100);
        await stopping;
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: Number(process.env.RUNS ?? 150) },
    );
  }, 900_000);
});
