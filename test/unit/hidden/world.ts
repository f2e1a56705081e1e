import type { ServerResponse } from 'node:http';
import {
  AuthError,
  type Authenticator,
  type Scope,
  type UserPrincipal,
} from '../../../src/auth/principal.ts';
import { FairTurns } from '../../../src/fanout/fair-turns.ts';
import { NodeFanout } from '../../../src/fanout/node-fanout.ts';
import { PresenceNode } from '../../../src/node/presence-node.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { Sessions } from '../../../src/session/sessions.ts';
import { EventStreams } from '../../../src/streams/event-streams.ts';
import { Capacity } from '../../../src/time/capacity.ts';
import { EPOCH, POLICY as FROZEN } from '../../support/frozen-stores.ts';
import { SETTINGS } from '../fanout/fuzz/client.ts';
import { FakeSocket } from '../fanout/fuzz/socket.ts';
import { principal } from '../http/rig.ts';
import { silent } from '../node/fakes.ts';
import { turn } from '../node/rig.ts';
import { FakeResponse } from './fake-response.ts';
import { type Lossy, lossyStore } from './lossy-store.ts';

export const TENANT = 'acme';
export const ANN = { tenant: TENANT, user: 'ann' };
/** No divisor of other periods: of two things in one millisecond nothing decides which is told first. */
export const INTERVAL_MS = 1931;
/** A short retention: all timers on the way to it are waited for. */
export const POLICY = { ...FROZEN, retentionMs: 15_000 };
/** Longer than a sign-in waits for the store. */
export const LATE_MS = 1217;
const SESSION = 's';

/** Shared by all worlds: nobody looks at them, and they take long to make. */
const metrics = createMetrics();
const now = (): number => Math.round(performance.now());
const micros = (): number => EPOCH * 1000 + Math.floor(now() * 1000);
const wallNow = (): number => EPOCH + now();

/** Comments and cursors come by their own clock. */
const withoutCursors = (events: string): string =>
  events
    .split('\n\n')
    .filter((event) => !/^:|^id: \S+$|^id: .*\nevent: cursor/.test(event))
    .join('\n\n');

export interface Opening {
  readonly scope?: string;
  readonly name?: string;
  readonly groups?: string[];
  readonly iat?: number;
  readonly activity?: 'active' | 'idle';
}

/** One of ann's connections. */
interface Own {
  readonly socket: FakeSocket;
  readonly isMember: boolean;
  idle: boolean;
}

export type WatchPolicy = 'tenant' | 'groups';

/** A whole node over a store that can lose its data: sockets, fan-out, typing, event stream. Its clock is the faked one. */
export class World {
  readonly #lossy: Lossy;
  readonly #node: PresenceNode;
  readonly #fanout: NodeFanout;
  readonly #sessions: Sessions;
  readonly #tokens = new Map<string, UserPrincipal>();
  /** What watchers, and the reader of the event stream, were sent since it was asked for last. */
  #sent = new Map<string, string[]>();
  readonly #own: Own[] = [];
  #hasSession = false;
  #hides = false;
  #serial = 0;

  private constructor(policy: WatchPolicy) {
    this.#lossy = lossyStore({
      partitions: 1,
      policy: POLICY,
      lastSeen: 'exact',
      heartbeatIntervalMs: INTERVAL_MS,
      heartbeatTtlMs: 3 * INTERVAL_MS,
      micros,
    });
    const { store, feed } = this.#lossy;
    this.#fanout = new NodeFanout({
      ...{ store, feed, metrics, log: silent, clock: { monotonic: now, wall: wallNow }, random: () => 0.5 },
      schedule: (run, ms) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      settings: {
        fanoutWindowMs: 0,
        maxWatches: 5000,
        maxNodeWatches: 100_000,
        tenantWatchMax: 5000,
        placeWatchMax: 5000,
        watchPolicy: policy,
      },
      tuning: { resyncJitterMs: 0 },
    });
    this.#node = new PresenceNode({
      identity: { id: 'n1', name: 'node', version: '1' },
      storage: { store, feed, link: { up: true, onTurn: () => () => undefined } },
      periods: {
        heartbeatIntervalMs: INTERVAL_MS,
        heartbeatTtlMs: 3 * INTERVAL_MS,
        // The test sweeps, at the same moments in both worlds.
        reapIntervalMs: 1_000_000_000,
        graceMs: POLICY.graceMs,
        drainGraceMs: POLICY.graceMs,
        idleAwayMs: POLICY.idleAwayMs,
        commandTimeoutMs: 2000,
        revocationMs: POLICY.revocationMs,
      },
      ...{ metrics, logger: silent, clock: { monotonic: now, wall: wallNow } },
      capacity: new Capacity(1000),
      onIncompatible: () => undefined,
    });
    const authenticator: Authenticator = {
      verify: async (token) => {
        const found = this.#tokens.get(token);
        if (found === undefined) throw new AuthError('bad_signature', 'no such token');
        return found;
      },
    };
    this.#sessions = new Sessions({
      ...{
        authenticator,
        isRevoked: () => false,
        membership: this.#node.roster,
        capacity: new Capacity(1000),
        observers: this.#node.observers,
        fanout: this.#fanout,
        feed,
        metrics,
      },
      settings: {
        ...SETTINGS,
        idleAwayMs: POLICY.idleAwayMs,
        offlineGraceMs: POLICY.graceMs,
        watchPolicy: policy,
      },
      health: this.#node.health,
      clock: { monotonic: now, wall: wallNow },
      turns: new FairTurns({
        now,
        onError: (error) => {
          throw error;
        },
      }),
      random: () => 0.5,
      log: silent,
    });
  }

  static async start(policy: WatchPolicy): Promise<World> {
    const world = new World(policy);
    await world.#fanout.start();
    world.#node.start();
    world.#sessions.typing.start();
    world.#sessions.start();
    await world.settle();
    const group = { groups: ['g'], iat: 1 };
    await world.#watches('wim', group, { type: 'watch', users: ['ann', 'bob'] });
    await world.#watches('wes', group, { type: 'watch', groups: ['g'] });
    await world.#watches('tim', { ...group, scope: 'watch:tenant' }, { type: 'watch', tenant: true });
    world.#streams();
    await world.bob(false);
    return world;
  }

  get today(): number {
    return wallNow();
  }

  get store(): Lossy['store'] {
    return this.#lossy.store;
  }

  /** Everything that follows from what was done, at this moment. */
  async settle(): Promise<void> {
    await turn();
    await turn();
  }

  async sweep(): Promise<void> {
    await this.store.upkeep.sweep(0, wallNow());
    await this.settle();
  }

  /** Of who hides somebody knows it still: one of whom nobody is connected anywhere loses the claim with the data. */
  async lose(): Promise<void> {
    if (this.#hides && this.#own.length === 0) await this.open({ scope: 'watch' });
    this.#lossy.lose();
  }

  /** The store is late, longer than a sign-in waits for it; who hides comes meanwhile, and types. */
  async late(): Promise<void> {
    this.#lossy.late(LATE_MS);
    if (this.#hides) {
      await this.open({ iat: 1 });
      this.#type(this.#own.at(-1));
    }
    await this.settle();
  }

  /** Ann opens a connection; one without the scope `connect` only watches. */
  async open({ activity, ...token }: Opening = {}): Promise<void> {
    const { socket } = this.#socket('ann', token, activity, () => undefined);
    const isMember = token.scope?.includes('connect') ?? true;
    this.#own.push({ socket, isMember, idle: activity === 'idle' });
    await this.settle();
  }

  /** A connection of ann's breaks, or says something. */
  async break(which: number): Promise<void> {
    const [own] = this.#own.splice(which % Math.max(1, this.#own.length), 1);
    own?.socket.lose();
    await this.settle();
  }

  async says(which: number, frame: { type: string; state?: string }): Promise<void> {
    const own = this.#own[which % Math.max(1, this.#own.length)];
    if (own === undefined || (frame.type === 'activity' && !own.isMember)) return;
    if (frame.type === 'activity') own.idle = frame.state === 'idle';
    own.socket.say(frame);
    if (frame.type === 'bye') this.#own.splice(this.#own.indexOf(own), 1);
    await this.settle();
  }

  async renew(which: number, token: Opening): Promise<void> {
    const own = this.#own[which % Math.max(1, this.#own.length)];
    if (own === undefined) return;
    // Never older than the token in force.
    const scope = own.isMember ? 'connect watch' : 'watch';
    own.socket.say({ type: 'auth', token: this.#token('ann', { ...token, scope, iat: 100 + this.#serial }) });
    await this.settle();
  }

  async session(): Promise<void> {
    this.#hasSession = true;
    await this.store.people.keepSession(ANN, SESSION, { ttlMs: 20_000, device: 'api' }, { iat: 0 });
    await this.settle();
  }

  /** A colleague opens a connection, which then types. */
  async bob(idle: boolean): Promise<void> {
    const { socket } = this.#socket(
      'bob',
      { groups: ['g'], iat: 3 },
      idle ? 'idle' : 'active',
      () => undefined,
    );
    await this.settle();
    socket.say({ type: 'typing', to: { group: 'g' }, on: true });
    await this.settle();
    socket.lose();
    await this.settle();
  }

  /** Ann types to those who watch her, if she is there. */
  async types(): Promise<void> {
    const member = this.#own.find(({ isMember }) => isMember);
    for (const to of [{ user: 'wim' }, { group: 'g' }]) member?.socket.say({ type: 'typing', to, on: true });
    await this.settle();
  }

  /** Whatever ann has open is in use, unless it said that it is idle. */
  async usesAll(): Promise<void> {
    if (!this.#own.some(({ isMember }) => isMember)) await this.open();
    for (const { socket, isMember, idle } of this.#own)
      if (isMember && !idle) socket.say({ type: 'activity', state: 'active' });
    await this.settle();
  }

  /** What is in use goes last: else the person would be seen `away` before they are seen to leave. */
  async goodbye(): Promise<void> {
    const bye = async (isIdle: boolean): Promise<void> => {
      for (const { socket, isMember, idle } of this.#own)
        if (isMember && idle === isIdle) socket.say({ type: 'bye' });
      await this.settle();
    };
    const isSessionIdle = await this.#isSessionIdle();
    if (isSessionIdle) await this.store.people.endSession(ANN, SESSION);
    await bye(true);
    if (!isSessionIdle && this.#hasSession) await this.store.people.endSession(ANN, SESSION);
    await bye(false);
    // What only watches goes as well: it says name and groups of somebody gone, and of somebody hidden it waits.
    for (const { socket } of this.#own.splice(0)) socket.lose();
    await this.settle();
  }

  /** Ended after a connection that inherited activity, it would be seen `away` in between. */
  async #isSessionIdle(): Promise<boolean> {
    // A store that is still young does not say.
    const why = await this.store.views.explain(ANN).catch(() => undefined);
    return why?.sessions.some(({ id, idle }) => id === SESSION && idle) === true;
  }

  async hide(): Promise<void> {
    const member = this.#own.find(({ isMember }) => isMember);
    this.#hides = true;
    member?.socket.say({ type: 'status', status: 'invisible' });
    await this.settle();
  }

  /**
   * What was sent to anybody but ann, since it was asked for last, in order to each. Cursors are left out: they are the clock,
   * and when within a millisecond they come nothing decides.
   */
  sent(): object {
    const sent = this.#sent;
    this.#sent = new Map();
    const events = withoutCursors((sent.get('events') ?? []).join(''));
    sent.delete('events');
    return [events, [...sent].sort(([one], [other]) => (one < other ? -1 : 1))];
  }

  async stop(): Promise<void> {
    this.#sessions.stop();
    await Promise.all([this.#node.stop(), this.#fanout.stop()]);
  }

  async #watches(user: string, token: Opening, frame: object): Promise<void> {
    const { socket } = this.#socket(user, token, undefined, (text) => this.#hear(user, text));
    await this.settle();
    socket.say(frame);
    await this.settle();
  }

  #type(own: Own | undefined): void {
    for (const to of [{ user: 'wim' }, { group: 'g' }]) own?.socket.say({ type: 'typing', to, on: true });
  }

  #hear(who: string, text: string): void {
    const heard = this.#sent.get(who) ?? [];
    this.#sent.set(who, heard);
    heard.push(text);
  }

  #streams(): void {
    const { feed } = this.#lossy;
    const streams = new EventStreams({
      feed,
      places: this.#lossy.store.places,
      metrics,
      clock: { monotonic: now, wall: wallNow },
      random: () => 0.5,
      perUser: 50,
      capacity: new Capacity(1000),
    });
    const reader = { ...principal('events', { user: 'reader' }), exp: EPOCH };
    const written = (text: string): void => this.#hear('events', text);
    streams.open(new FakeResponse(written) as unknown as ServerResponse, {
      ...{ principal: reader, tenant: TENANT, filter: {} },
      release: streams.reserve(reader),
    });
  }

  #token(user: string, { scope = 'connect watch', iat, ...more }: Omit<Opening, 'activity'>): string {
    this.#serial += 1;
    const token = `${user}-${this.#serial}`;
    this.#tokens.set(token, {
      ...{ ...more, tenant: TENANT, user, exp: EPOCH, scopes: new Set(scope.split(' ') as Scope[]) },
      ...(iat !== undefined && { iat }),
    });
    return token;
  }

  #socket(
    user: string,
    token: Omit<Opening, 'activity'>,
    activity: Opening['activity'],
    sent: (text: string) => void,
  ): { socket: FakeSocket } {
    const socket = new FakeSocket(sent);
    const who = this.#tokens.get(this.#token(user, token));
    if (who === undefined) throw new Error('no token');
    this.#sessions.open(socket.asWebSocket, socket.asSocket, {
      ...{ device: 'web', address: '127.0.0.1', principal: who },
      ...(activity !== undefined && { activity }),
    });
    return { socket };
  }
}
