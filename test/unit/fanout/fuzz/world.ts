import type { Authenticator, UserPrincipal } from '../../../../src/auth/principal.ts';
import type { Status } from '../../../../src/domain/model.ts';
import type { FeedListener } from '../../../../src/events/feed.ts';
import { FairTurns } from '../../../../src/fanout/fair-turns.ts';
import { NodeFanout } from '../../../../src/fanout/node-fanout.ts';
import { Observers } from '../../../../src/node/observers.ts';
import { createMetrics } from '../../../../src/observability/metrics.ts';
import { Sessions } from '../../../../src/session/sessions.ts';
import { Capacity } from '../../../../src/time/capacity.ts';
import { FakeTime, settle } from '../rig.ts';
import type { Surroundings } from './asked.ts';
import { type Client, FANOUT, frameOf, rightsOf, SETTINGS, seen } from './client.ts';
import { LateStore } from './late-store.ts';
import { LateMembership } from './membership.ts';
import { Oracle } from './oracle.ts';
import { FakeSocket } from './socket.ts';
import { CLIENTS, type Kind, one, SCOPES, type Step, some } from './steps.ts';
import type { ServerFrame } from './told.ts';
import {
  type Entry,
  EPOCH,
  GROUPS,
  type Own,
  PARTITIONS,
  partitionOf,
  TENANT,
  Truth,
  USERS,
} from './truth.ts';

export type WatchPolicy = 'tenant' | 'groups';

/** Three of the people also watch. */
const WATCHERS = USERS.slice(0, 3);
const STATUSES: readonly Status[] = ['online', 'away', 'offline'];
/** Shared by all worlds: nobody looks at them, and they take long to make. */
const metrics = createMetrics();

/** A node's fan-out and sockets, its clients, and the store and the feed behind it, which are late. */
export class World {
  readonly findings: string[] = [];
  readonly #time = new FakeTime();
  readonly #truth: Truth;
  readonly #store: LateStore;
  readonly #membership: LateMembership;
  readonly #fanout: NodeFanout;
  readonly #sessions: Sessions;
  readonly #clients: Client[] = [];
  readonly #listeners = new Set<FeedListener>();
  /** Written and not delivered, by partition. */
  readonly #log: Entry[][] = Array.from({ length: PARTITIONS }, () => []);
  /** The moment after which entries of a partition were lost; kept until all has come to rest. */
  readonly #lostSince: (number | undefined)[] = Array(PARTITIONS).fill(undefined);
  readonly #tokens = new Map<string, UserPrincipal>();
  readonly #around: { -readonly [K in keyof Surroundings]: Surroundings[K] };
  /** Whose frame is being handled. */
  #speaking: Client | undefined;
  #iat = 1;
  #refs = 0;

  constructor(policy: WatchPolicy, windowMs: number) {
    this.#truth = new Truth((entry) => this.#log[entry.partition]?.push(entry));
    this.#store = new LateStore(this.#truth);
    this.#around = {
      truth: this.#truth,
      sharedOnly: policy === 'groups',
      floors: [],
      stepAt: 0,
      failures: 0,
      lossy: false,
      lost: [],
      finding: (text) => void this.findings.push(text),
    };
    const { now, schedule } = this.#time;
    const feed = {
      subscribe: (listener: FeedListener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      signal: () => Promise.resolve(),
    };
    const log = (details: object, text?: string): void =>
      void this.findings.push(`logged: ${text} ${(details as { err?: Error }).err?.stack ?? ''}`);
    const turns = new FairTurns({ now, onError: (err) => log({ err }, 'work') });
    this.#membership = new LateMembership(this.#truth, (user, own) => this.#heard(user, own));
    this.#fanout = new NodeFanout({
      store: this.#store,
      feed,
      settings: { ...FANOUT.settings, fanoutWindowMs: windowMs, watchPolicy: policy },
      metrics,
      turns,
      log: { info: () => undefined, warn: () => undefined, error: log },
      clock: { monotonic: now, wall: () => EPOCH + this.#time.ms },
      schedule,
      random: () => 0.5,
      tuning: FANOUT.tuning,
    });
    void this.#fanout.start();
    const authenticator: Authenticator = {
      verify: (token) => {
        const principal = this.#tokens.get(token);
        return principal === undefined ? Promise.reject(new Error('no token')) : Promise.resolve(principal);
      },
    };
    this.#sessions = new Sessions({
      settings: { ...SETTINGS, watchPolicy: policy },
      authenticator,
      isRevoked: () => false,
      membership: this.#membership,
      capacity: new Capacity(1000),
      observers: new Observers(this.#membership),
      fanout: seen(this.#fanout, (watcher) => {
        if (this.#speaking !== undefined) this.#speaking.watcher = watcher;
      }),
      feed,
      health: { degraded: false, ready: true, onDegraded: () => () => undefined },
      metrics,
      turns,
      clock: { monotonic: now, wall: () => EPOCH + this.#time.ms },
      random: () => 0.5,
      log: { debug: () => undefined, error: log },
    });
    for (let at = 0; at < CLIENTS; at += 1) this.#open(at, at);
  }

  async apply(step: Step): Promise<void> {
    if (step.kind === 'calm') return this.#calm(2);
    await this.#once(() => this.#act(step));
  }

  /** Everything answers, arrives and is read. */
  async rest(): Promise<void> {
    await this.#calm(6);
    this.#lostSince.fill(undefined);
    this.#around.lost = [];
    this.#before();
    for (const { oracle, open, watcher } of this.#clients) {
      const nothing = { users: new Set<string>(), groups: new Set<string>(), tenant: false };
      if (open) oracle.atRest(watcher?.watching ?? nothing);
    }
    for (const { ws } of this.#clients) ws.lose();
    this.#time.advance(20_000);
    await settle();
    const left = JSON.stringify(this.#fanout.footprint);
    if (left !== FANOUT.idle) this.findings.push(`left behind: ${left}`);
    if (this.#time.timers > 0) this.findings.push(`${this.#time.timers} timers left`);
  }

  /** Everything answers, arrives and is read, for so many rounds in which the store is not asked any more. */
  async #calm(rounds: number): Promise<void> {
    for (let quiet = 0; quiet < rounds; quiet += 1) {
      this.#before();
      for (const client of this.#clients) if (client.open) this.#read(client);
      await settle();
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        while ((this.#log[partition]?.length ?? 0) > 0) await this.#once(() => this.#deliver(partition));
      }
      while (this.#membership.untold.length > 0) await this.#once(() => this.#membership.flush());
      while (this.#membership.words.length > 0)
        await this.#once(() => this.#membership.words.shift()?.deliver());
      while (this.#store.open.length > 0) {
        quiet = 0;
        await this.#once(() => this.#store.open[0]?.answer());
      }
      await this.#once(() => this.#time.advance(300));
      if (this.#log.some((entries) => entries.length > 0)) quiet = 0;
    }
  }

  async #once(step: () => void): Promise<void> {
    this.#before();
    step();
    await settle();
  }

  /** Notes from which moment on what is true may still be on its way. */
  #before(): void {
    const { clock } = this.#truth;
    this.#around.stepAt = clock;
    this.#around.failures = this.#store.failures;
    this.#around.floors = this.#log.map((entries, partition) => {
      const undelivered = (entries[0]?.id ?? clock + 1) - 1;
      const read = this.#store.oldest(partition) ?? clock;
      return Math.min(undelivered, read, this.#lostSince[partition] ?? clock);
    });
    this.#truth.clock += 1;
  }

  #act({ kind, a, b, c }: Step): void {
    const user = one(USERS, a);
    const partition = a % PARTITIONS;
    const client = one(this.#clients, a);
    const { open } = this.#store;
    const { words } = this.#membership;
    const asked = { users: [] as string[], groups: [] as string[], tenant: false };
    const acts: { readonly [K in Kind]: () => void } = {
      change: () => this.#truth.change(user, one(STATUSES, b)),
      hide: () => (this.#truth.person(user).hidden ? this.#truth.show(user) : this.#truth.hide(user)),
      regroup: () => this.#truth.word(user, { groups: some(GROUPS, b), stamp: this.#next() }),
      touch: () => this.#truth.touch(user),
      note: () => this.#truth.note(user, b % 3 > 0),
      forget: () => this.#truth.forget(user),
      deliver: () => {
        for (let count = 0; count <= b % 3; count += 1) this.#deliver(partition);
      },
      changeAtOnce: () => {
        this.#truth.change(user, one(STATUSES, b));
        this.#deliverAll(partition);
      },
      forgetAtOnce: () => {
        this.#truth.forget(user);
        this.#deliverAll(partition);
      },
      regroupAtOnce: () => this.#regroupAtOnce(user, b),
      // Somebody leaves and is back, perhaps elsewhere, before anybody was told.
      regroupTwice: () => {
        this.#regroupAtOnce(user, b);
        this.#regroupAtOnce(user, c);
      },
      // An answer is begun and then not read to its end.
      watchStalled: () => {
        client.oracle.stalled = true;
        client.ws.stall();
        this.#watch(client, { ...asked, groups: this.#likely(client, b) });
      },
      // A read that was made before comes back after it.
      forgetMeanwhile: () => {
        const read = open[b % 3];
        read?.serve(partition);
        this.#truth.forget(user);
        this.#deliverAll(partition);
        read?.answer();
      },
      lose: () => this.#lose(partition),
      serve: () => open[b % 4]?.serve(partition),
      answer: () => open[b % 3]?.answer(),
      fail: () => {
        this.#around.failures += open.length > b % 3 ? 1 : 0;
        open[b % 3]?.fail();
      },
      open: () => {
        this.#close(client);
        this.#open(a % CLIENTS, b);
      },
      close: () => this.#close(client),
      renew: () => this.#renew(client, b, c),
      flush: () => this.#membership.flush(),
      hear: () => this.#membership.answer(one(WATCHERS, a)),
      tell: () => words.splice(b % Math.max(1, words.length), 1)[0]?.deliver(),
      watchUsers: () => this.#watch(client, { ...asked, users: some(USERS, b) }),
      watchGroups: () => this.#watch(client, { ...asked, groups: this.#likely(client, b) }),
      watchTenant: () => this.#watch(client, { ...asked, tenant: true }),
      watchMixed: () => {
        const groups = this.#likely(client, b);
        this.#watch(client, { users: some(USERS, c), groups, tenant: a % 4 === 0 });
      },
      watchTwice: () => {
        this.#watch(client, { ...asked, users: some(USERS, c) });
        this.#watch(client, { ...asked, groups: this.#likely(client, b) });
      },
      unwatchUsers: () => this.#unwatch(client, { ...asked, users: some(USERS, b) }),
      unwatchGroups: () => this.#unwatch(client, { ...asked, groups: some(GROUPS, b) }),
      unwatchTenant: () => this.#unwatch(client, { ...asked, tenant: true }),
      stall: () => {
        client.oracle.stalled = true;
        client.ws.stall();
      },
      read: () => this.#read(client),
      // As much as was sent, and then nothing again.
      sip: () => client.ws.sip(),
      wait: () => this.#time.advance(one([1, 20, 300], b)),
      calm: () => undefined,
    };
    acts[kind]();
  }

  #regroupAtOnce(user: string, bits: number): void {
    this.#truth.word(user, { groups: some(GROUPS, bits), stamp: this.#next() });
    this.#deliverAll(partitionOf(user));
  }

  #read({ ws, oracle }: Client): void {
    ws.read();
    oracle.stalled = false;
  }

  /** Mostly groups that the person is in. */
  #likely({ oracle }: Client, bits: number): string[] {
    const own = oracle.rights.groups;
    return bits % 8 === 0 || own.length === 0 ? some(GROUPS, bits) : [one(own, bits)];
  }

  #deliver(partition: number): void {
    const entry = this.#log[partition]?.shift();
    if (entry === undefined) return;
    for (const listener of this.#listeners) {
      if ('event' in entry) listener.transition?.(entry.event);
      else listener.command?.(entry.command, entry);
    }
    const { user = '' } = 'event' in entry ? entry.event.transition : entry.command.ref;
    if ('command' in entry && entry.command.type === 'forget') this.#membership.evict(user);
    else this.#membership.tell(user, entry.own, this.#truth.now(user));
  }

  #deliverAll(partition: number): void {
    while ((this.#log[partition]?.length ?? 0) > 0) this.#deliver(partition);
  }

  #lose(partition: number): void {
    const entries = this.#log[partition] ?? [];
    const first = entries[0];
    if (first !== undefined) {
      this.#lostSince[partition] ??= first.id - 1;
      this.#around.lossy = true;
      this.#around.lost = [...this.#around.lost, partition];
    }
    this.#around.floors = this.#around.floors.map((floor, at) =>
      at === partition ? (this.#lostSince[at] ?? floor) : floor,
    );
    entries.length = 0;
    for (const listener of this.#listeners) listener.reset?.(partition);
  }

  #next(): number {
    this.#iat += 1;
    return this.#iat;
  }

  #token(user: string, bits: number, scope: number): UserPrincipal {
    return {
      tenant: TENANT,
      user,
      iat: this.#next(),
      exp: EPOCH / 1000 + 1_000_000,
      scopes: new Set(one(SCOPES, scope)),
      ...(bits % 5 > 0 && { groups: some(GROUPS, bits) }),
    };
  }

  #open(slot: number, number: number): void {
    const user = one(WATCHERS, number);
    const principal = this.#token(user, number >> 2, number >> 4);
    const own = principal.groups && { groups: principal.groups, stamp: principal.iat ?? 0 };
    const oracle = new Oracle(user, rightsOf(principal, own), this.#around);
    const ws = new FakeSocket((frame) => oracle.receive(JSON.parse(frame) as ServerFrame));
    const client: Client = { ws, oracle, principal, own, watcher: undefined, open: true };
    this.#clients[slot] = client;
    this.#sessions.open(ws.asWebSocket, ws.asSocket, { device: 'web', address: '127.0.0.1', principal });
    // A session takes every listener off that was there before it.
    ws.once('close', () => {
      client.open = false;
    });
  }

  #close(client: Client): void {
    client.open = false;
    client.ws.lose();
  }

  #renew(client: Client, bits: number, scope: number): void {
    if (!this.#speaks(client)) return;
    const principal = this.#token(client.principal.user, bits, scope);
    const token = `token ${principal.iat}`;
    this.#tokens.set(token, principal);
    client.principal = principal;
    const { groups, iat = 0 } = principal;
    if (groups !== undefined && iat >= (client.own?.stamp ?? 0)) client.own = { groups, stamp: iat };
    client.oracle.may(rightsOf(principal, client.own));
    client.ws.say({ type: 'auth', token });
  }

  /** Everybody of a user is told of their own groups: the newest word counts. */
  #heard(user: string, own: Own): void {
    for (const client of this.#clients) {
      if (!client.open || client.principal.user !== user || own.stamp <= (client.own?.stamp ?? 0)) continue;
      client.own = own;
      client.oracle.may(rightsOf(client.principal, own));
    }
  }
  #watch(client: Client, asked: { users: string[]; groups: string[]; tenant: boolean }): void {
    if (!this.#speaks(client) || asked.users.length + asked.groups.length + Number(asked.tenant) === 0)
      return;
    this.#refs += 1;
    const ref = `r${this.#refs}`;
    client.oracle.watches(ref, asked);
    this.#speaking = client;
    client.ws.say({ type: 'watch', ref, ...frameOf(asked) });
  }

  #unwatch(client: Client, asked: { users: string[]; groups: string[]; tenant: boolean }): void {
    if (!this.#speaks(client) || asked.users.length + asked.groups.length + Number(asked.tenant) === 0)
      return;
    client.oracle.unwatches(asked);
    client.ws.say({ type: 'unwatch', ...frameOf(asked) });
  }

  #speaks({ open, oracle, ws }: Client): boolean {
    return open && oracle.welcomed && !ws.isPaused;
  }
}
