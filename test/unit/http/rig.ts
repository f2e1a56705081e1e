import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { afterEach } from 'vitest';
import {
  AuthError,
  type Authenticator,
  type Principal,
  type Scope,
  type ServicePrincipal,
  type UserPrincipal,
} from '../../../src/auth/principal.ts';
import type { Settings } from '../../../src/config/settings.ts';
import type { Device, TokenOwner, UserRef, View } from '../../../src/domain/model.ts';
import { buildPublicServer, type PublicServerDeps } from '../../../src/http/server.ts';
import type { Health } from '../../../src/node/membership.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import type { Explanation } from '../../../src/store/explanation.ts';
import type { GroupCounts } from '../../../src/store/port/groups.ts';
import type {
  CallerProfile,
  ClaimRequest,
  NoteRequest,
  ServiceClaim,
  SessionRequest,
} from '../../../src/store/port/people.ts';
import type { NodeInfo } from '../../../src/store/port/registry.ts';
import { StoreError } from '../../../src/store/port/store-error.ts';
import type { Counts, Page, SelfView } from '../../../src/store/port/views.ts';
import type { PresenceStore } from '../../../src/store/presence-store.ts';
import { EventStreams } from '../../../src/streams/event-streams.ts';
import { Capacity } from '../../../src/time/capacity.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { memoryFeed } from '../../support/memory-feed.ts';
import { expectDocumented } from './documented.ts';
import { FakePlaces } from './fake-places.ts';

export const NOW = Date.parse('2026-11-21T12:00:00.000Z');

export const view = (user: string, more: Partial<View> = {}): View => ({
  user,
  status: 'online',
  since: NOW - 60_000,
  ver: NOW * 1000,
  devices: ['web'],
  ...more,
});

export const unknownView = (user: string): View => ({
  user,
  status: 'offline',
  since: 0,
  ver: 0,
  devices: [],
});

/** The calls of the port that HTTP makes; each answers from `answers` or throws `failure`, and is remembered. */
class FakeStore {
  readonly calls: { name: string; args: unknown[] }[] = [];
  failure: Error | undefined;
  readonly people = this;
  readonly places = new FakePlaces((name, args, make) => this.#answer(name, args, make));
  readonly endings = this;
  readonly groups = {
    page: (tenant: string, group: string, limit: number, cursor?: string): Promise<Page> =>
      this.#answer('groups.page', [tenant, group, limit, cursor], () => this.nextPage),
    count: (tenant: string, group: string): Promise<GroupCounts> =>
      this.#answer('groups.count', [tenant, group], () => ({ present: 2, members: 5 })),
  };
  readonly known = new Map<string, View>();
  readonly views = this;
  self: SelfView | undefined;
  nextPage: Page = { users: [] };
  counts: Counts = { online: 0, away: 0, busy: 0 };
  nodes: NodeInfo[] = [];
  explanation: Explanation = {
    view: view('bob'),
    invisible: false,
    nodes: [],
    sessions: [],
    claims: [],
    groups: [],
    transitions: [],
  };
  /** Never answers. */
  hangs = false;

  async #answer<T>(name: string, args: unknown[], make: () => T): Promise<T> {
    this.calls.push({ name, args });
    if (this.hangs) return new Promise(() => {});
    if (this.failure !== undefined) throw this.failure;
    return make();
  }

  read(tenant: string, users: readonly string[]): Promise<View[]> {
    return this.#answer('read', [tenant, users], () =>
      users.map((user) => this.known.get(`${tenant}:${user}`) ?? unknownView(user)),
    );
  }

  readSelf(ref: UserRef): Promise<SelfView> {
    return this.#answer('readSelf', [ref], () => this.self ?? { view: view(ref.user), invisible: false });
  }

  claimOwn(ref: UserRef, claim: ClaimRequest): Promise<SelfView> {
    return this.#answer('claimOwn', [ref, claim], () => ({
      view: view(ref.user, claim.status === 'busy' ? { status: 'busy' } : {}),
      invisible: claim.status === 'invisible',
      claim: { ...claim, stamp: NOW * 1000 },
    }));
  }

  page(tenant: string, limit: number, cursor?: string): Promise<Page> {
    return this.#answer('page', [tenant, limit, cursor], () => this.nextPage);
  }

  regroup(ref: UserRef, groups: readonly string[]): Promise<SelfView> {
    return this.#answer('regroup', [ref, groups], () => ({ view: view(ref.user), invisible: false }));
  }

  note(ref: UserRef, note: NoteRequest): Promise<SelfView> {
    return this.#answer('note', [ref, note], () => ({ view: view(ref.user), invisible: false }));
  }

  claim(ref: UserRef, source: string, claim: ServiceClaim | null): Promise<SelfView> {
    return this.#answer('claim', [ref, source, claim], () => ({ view: view(ref.user), invisible: false }));
  }

  keepSession(ref: UserRef, id: string, session: SessionRequest, profile: CallerProfile): Promise<SelfView> {
    return this.#answer('keepSession', [ref, id, session, profile], () => ({
      view: view(ref.user),
      invisible: false,
    }));
  }

  endSession(ref: UserRef, id: string): Promise<void> {
    return this.#answer('endSession', [ref, id], () => undefined);
  }

  touch(ref: UserRef, profile: CallerProfile): Promise<SelfView> {
    return this.#answer('touch', [ref, profile], () => ({ view: view(ref.user), invisible: false }));
  }

  end(ref: UserRef, how: string): Promise<void> {
    return this.#answer('end', [ref, how], () => undefined);
  }

  disconnect(ref: UserRef, device: Device): Promise<void> {
    return this.#answer('disconnect', [ref, device], () => undefined);
  }

  revoke(owner: TokenOwner, before?: number): Promise<void> {
    return this.#answer('revoke', before === undefined ? [owner] : [owner, before], () => undefined);
  }

  forget(ref: UserRef): Promise<void> {
    return this.#answer('forget', [ref], () => undefined);
  }

  explain(ref: UserRef): Promise<Explanation> {
    return this.#answer('explain', [ref], () => this.explanation);
  }

  count(tenant: string): Promise<Counts> {
    return this.#answer('count', [tenant], () => this.counts);
  }

  listNodes(): Promise<NodeInfo[]> {
    return this.#answer('nodes', [], () => this.nodes);
  }
}

export const principal = (scope: string, more: Partial<UserPrincipal> = {}): UserPrincipal => ({
  tenant: 'acme',
  user: 'alice',
  scopes: new Set(scope.split(' ').filter((word) => word !== '') as Scope[]),
  exp: NOW / 1000 + 3600,
  ...more,
});

/** A service of all tenants. */
export const service = (scope: string, name = 'platform'): ServicePrincipal => {
  const { scopes, exp } = principal(scope);
  return { service: name, scopes, exp };
};

/** Tokens of the tests are names in this table. */
export const PRINCIPALS: Record<string, Principal> = {
  user: principal('connect watch'),
  reader: principal('read', { user: 'crm' }),
  nobody: principal(''),
  member: principal('connect watch', { name: 'Alice', groups: ['g'], iat: 77 }),
  writer: principal('write', { user: 'calendar' }),
  minter: principal('mint', { user: 'login' }),
  everywhereMinter: service('mint write'),
  admin: principal('admin read', { user: 'ops' }),
  everywhere: service('read admin'),
  everywhereReader: service('read'),
};

const auth: Authenticator = {
  async verify(token) {
    const found = PRINCIPALS[token];
    if (found === undefined) throw new AuthError('bad_signature', 'the token is not valid');
    return found;
  },
};

export const settings = (more: Partial<Settings> = {}): Settings => ({
  port: 0,
  host: '127.0.0.1',
  adminPort: 0,
  adminHost: '127.0.0.1',
  redisUrl: 'memory:',
  redisPrefix: 'rollcall',
  redisCommandTimeoutMs: 2000,
  writeReplicas: 0,
  partitions: 16,
  nodeName: 'test',
  pasetoSymmetricVersion: 'v4',
  tokenInQuery: false,
  maxTokenTtlS: 2_592_000,
  heartbeatIntervalMs: 2000,
  heartbeatTtlMs: 6000,
  reapIntervalMs: 1000,
  offlineGraceMs: 5000,
  drainGraceMs: 15_000,
  idleAwayMs: 300_000,
  idleOfflineMs: 1_800_000,
  pingIntervalMs: 25_000,
  pingTimeoutMs: 10_000,
  authTimeoutMs: 5000,
  fanoutWindowMs: 20,
  maxFrameBytes: 16_384,
  maxConnections: 100_000,
  maxConnectionsPerUser: 50,
  maxUnauthenticated: 1000,
  maxUnauthenticatedPerAddress: 200,
  httpKeepAliveMs: 650_000,
  maxHttpConnections: 10_000,
  maxWatches: 5000,
  maxNodeWatches: 2_000_000,
  tenantWatchMax: 5000,
  maxPlacesPerConnection: 16,
  placeWatchMax: 5000,
  frameRate: 20,
  frameBurst: 60,
  httpRate: 0,
  upgradeRate: 200,
  lastSeen: 'exact',
  lastSeenRetentionDays: 30,
  transitionBurst: 0,
  transitionIntervalMs: 0,
  eventLogSeconds: 3600,
  eventLogMax: 1_000_000,
  drainDelayMs: 0,
  drainWindowMs: 5000,
  watchPolicy: 'tenant',
  placePolicy: 'tenant',
  publishTenantEvents: true,
  allowedOrigins: '*',
  trustProxy: false,
  logLevel: 'silent',
  ...more,
});

export const health = (more: Partial<Health> = {}): Health => ({
  degraded: false,
  ready: true,
  onDegraded: () => () => {},
  ...more,
});

export const away = (): StoreError => new StoreError('unavailable', 'connection to 10.0.0.7 refused');

export interface CallOptions {
  readonly token?: string;
  /** Sent as JSON; text as it is. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly payload?: Buffer | string;
}

export interface Rig {
  readonly app: FastifyInstance;
  readonly store: FakeStore;
  /** Sends a request as whom the token names, and checks that the document knows of such an answer. */
  call(method: string, url: string, options?: CallOptions): Promise<LightMyRequestResponse>;
}

/** Issues what it was asked for, legibly. */
const ISSUER: PublicServerDeps['issuer'] = {
  issue: async (request) => ({
    token: JSON.stringify(request),
    expiresAt: NOW + request.ttlSeconds * 1000,
  }),
};

/** A public server over a fake store. */
const rig = async (more: Partial<PublicServerDeps> = {}): Promise<Rig> => {
  const store = new FakeStore();
  const metrics = createMetrics();
  const feed = memoryFeed();
  const streams = new EventStreams({
    feed,
    places: store.places,
    metrics,
    clock: { ...systemClock, wall: () => NOW },
    random: () => 0.5,
    perUser: 50,
    capacity: new Capacity(1000),
  });
  const app = await buildPublicServer({
    feed,
    streams,
    settings: settings(),
    store: store as unknown as PresenceStore,
    auth,
    issuer: ISSUER,
    metrics,
    logger: pino({ level: 'silent' }),
    health: health(),
    nodes: () => store.listNodes(),
    registerSockets: async () => {},
    version: '1.2.3',
    clock: { wall: () => NOW },
    ...more,
  });
  await app.ready();
  return {
    app,
    store,
    call: async (method, url, { token, body, headers, payload } = {}) => {
      const response = await app.inject({
        method: method as 'GET',
        url,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
        ...(payload !== undefined && { payload }),
      });
      expectDocumented(app, method, url, response);
      return response;
    },
  };
};

/** The problem of an answer, which must be one in every respect. */
export const problem = (
  response: LightMyRequestResponse,
): { status: number; code: string; detail?: string } => {
  const type = String(response.headers['content-type']);
  if (!type.startsWith('application/problem+json'))
    throw new Error(`not a problem: ${type} ${response.body}`);
  const body = response.json() as Record<string, unknown>;
  if (
    body['status'] !== response.statusCode ||
    body['type'] !== 'about:blank' ||
    body['title'] === undefined
  ) {
    throw new Error(`not a whole problem: ${response.body}`);
  }
  return {
    status: response.statusCode,
    code: String(body['code']),
    ...(body['detail'] !== undefined && { detail: String(body['detail']) }),
  };
};

/** Starts rigs and closes them after each test. */
export const rigs = (): ((more?: Partial<PublicServerDeps>) => Promise<Rig>) => {
  const running: Rig[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map(({ app }) => app.close()));
  });
  return async (more) => {
    const started = await rig(more);
    running.push(started);
    return started;
  };
};
