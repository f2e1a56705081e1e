import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { CLOCK_SKEW_MS } from '../auth/claims.ts';
import { ownerOf, type Principal } from '../auth/principal.ts';
import {
  type Device,
  type OwnGroups,
  ownerKey,
  subOf,
  type TokenOwner,
  type UserRef,
} from '../domain/model.ts';
import type { EndingKind } from '../domain/row.ts';
import type { Watcher } from '../fanout/fanout.ts';
import { seesTheSame, type Viewer } from '../fanout/visibility.ts';
import type { Leaving } from '../node/membership.ts';
import { parseClientFrame, parseFirstFrame } from '../protocol/parse-frame.ts';
import { isoTime } from '../protocol/presence.ts';
import { degradedFrame, selfFrame, welcomeFrame } from '../protocol/server-frames.ts';
import type { SelfView } from '../store/port/views.ts';
import type { WheelItem } from '../time/timer-wheel.ts';
import { type Activity, type Admission, mayConnect } from './admission.ts';
import type { ClientSession } from './client-session.ts';
import { Connection } from './connection.ts';
import { handleFrame } from './frame-handlers.ts';
import type { SessionHost } from './host.ts';
import { ownSelf } from './own-self.ts';
import { signIn } from './sign-in.ts';
import { Typing } from './typing.ts';
import { viewerOf } from './viewer-of.ts';

const NO_GROUPS: readonly string[] = [];

/**
 * `waiting` for the first frame, `verifying` its token, `joining` until the membership knows what others see, `open`.
 * Until it is open nothing is read, and what came in the same packet is kept for later.
 */
type Stage = 'waiting' | 'verifying' | 'joining' | 'open';

/** State needed only before sign-in. */
interface Waiting {
  readonly address: string;
  /** What the address said of the device; the first frame may say otherwise. */
  readonly activity?: Activity;
  /** Running time, ms. */
  readonly authBy: number;
}

/** One person's WebSocket: who they are, whether they are active, and until when they may stay. */
export class Session extends Connection implements ClientSession, WheelItem {
  slot = 0;
  readonly device: Device;
  readonly askedTenant: string | undefined;
  openedAt = 0;
  activeAt = -1;
  openedIdle = false;
  idle = false;
  #stage: Stage = 'waiting';
  #waiting: Waiting | undefined;
  #principal: Principal | undefined;
  #owner: TokenOwner | undefined;
  #watcher: Watcher | undefined;
  #isRenewing = false;
  #toldDegraded = false;
  /** The newest frame that says what is true of the person; what `welcome` says counts as one. */
  #toldSelf: string | undefined;
  /** The newest word on the person's groups: of this connection's tokens, or of others that were used elsewhere. */
  #own: OwnGroups | undefined;
  /** What the person may see, as last passed to the watcher, if there is one, and to typing. */
  #viewer: Viewer | undefined;
  #typing: Typing | undefined;

  /** The caller has let it into {@link SessionHost.unauthenticated} when the admission has no principal. */
  constructor(host: SessionHost, ws: WebSocket, socket: Socket, admission: Admission) {
    super(host, ws, socket);
    this.device = admission.device;
    this.askedTenant = admission.tenant;
    if (admission.principal !== undefined) {
      this.enter(admission.principal, undefined, admission.activity);
      return;
    }
    this.#waiting = { ...admission, authBy: host.wheel.now + host.settings.authTimeoutMs };
    host.wheel.schedule(this, this.#waiting.authBy);
  }

  get principal(): Principal {
    if (this.#principal === undefined) throw new Error('not signed in yet');
    return this.#principal;
  }

  /** @throws Error before sign-in. */
  get owner(): TokenOwner {
    if (this.#owner === undefined) throw new Error('not signed in yet');
    return this.#owner;
  }

  /** The user of the connection. @throws Error before sign-in, and for a service of all tenants. */
  get ref(): UserRef {
    if (this.owner.service !== undefined) throw new Error('a service of all tenants is no user');
    return this.owner;
  }

  get tenant(): string {
    // Admission lets no service in that named no tenant.
    return this.principal.tenant ?? this.askedTenant ?? '';
  }

  /** Signed in and welcomed, and the end is not decided. */
  get open(): boolean {
    return this.#stage === 'open' && !this.over;
  }

  get watcher(): Watcher {
    this.#watcher ??= this.host.fanout.watcher(this.tenant, this, this.#viewer ?? viewerOf(this));
    return this.#watcher;
  }

  get watches(): boolean {
    return this.#watcher !== undefined;
  }

  get groups(): readonly string[] {
    return this.#own?.groups ?? NO_GROUPS;
  }

  get typing(): Typing {
    this.#typing ??= new Typing(this);
    return this.#typing;
  }

  itself(self: SelfView): void {
    if (!this.open) return;
    const frame = selfFrame(ownSelf(self));
    if (frame === this.#toldSelf) return;
    this.#toldSelf = frame;
    this.send(frame);
  }

  regrouped(own: OwnGroups): void {
    // Answers to what was asked before a renewal come after it.
    if (this.#own !== undefined && own.stamp <= this.#own.stamp) return;
    this.#own = own;
    this.#judgeViewer();
  }

  evict(how: EndingKind): void {
    if (how === 'logout') this.close(1000, 'logged out', 'goodbye');
    else this.close(4403, 'revoked, or disconnected by an operator', 'revoked');
  }

  override probe(answered: () => void): void {
    super.probe(answered);
    this.#reschedule();
  }

  enter(principal: Principal, ref?: string, activity = this.#waiting?.activity): void {
    // A revocation that came between the look at the token and now found no connection to close.
    if (this.host.isRevoked(principal)) {
      this.evict('revoke');
      return;
    }
    this.#leaveWaiting();
    this.#takeToken(principal);
    this.#owner = ownerOf(principal);
    this.#stage = 'joining';
    this.hold();
    this.openedAt = this.host.clock.monotonic();
    this.opens(activity);
    this.host.metrics.connections.inc();
    this.#reschedule();
    this.#viewer = viewerOf(this);
    this.host.typing.hears(this);
    this.appear(ref);
  }

  opens(activity: Activity | undefined): void {
    this.openedIdle = activity === 'idle';
    if (activity === 'active') this.activeAt = this.host.clock.monotonic();
  }

  async inTurn(renewal: () => Promise<void>): Promise<void> {
    this.#isRenewing = true;
    this.hold();
    try {
      await renewal();
    } finally {
      this.#isRenewing = false;
      this.release();
    }
  }

  replacePrincipal(principal: Principal): void {
    this.#takeToken(principal);
    this.#reschedule();
  }

  withdraw(): void {
    this.#judgeViewer();
  }

  appear(ref?: string): void {
    const { membership, observers } = this.host;
    if (mayConnect(this.principal)) {
      void membership.join(this).then((self) => this.#recognised(self?.own, self, ref));
      this.#replaceOldest(membership.membersOf(this.ref));
    } else {
      void observers.add(this).then((own) => this.#recognised(own, undefined, ref));
      this.#replaceOldest(observers.of(this.owner));
    }
  }

  disappear(how: Leaving): void {
    if (mayConnect(this.principal)) this.host.membership.leave(this, how);
    else this.host.observers.remove(this);
  }

  welcome(self: SelfView | undefined, ref?: string): void {
    if (this.over) return;
    const { settings, clock, health } = this.host;
    const { exp } = this.principal;
    const own = self && ownSelf(self);
    if (own !== undefined) this.#toldSelf = selfFrame(own);
    this.send(
      welcomeFrame({
        user: subOf(this.owner),
        tenant: this.tenant,
        expiresAt: isoTime(exp * 1000),
        idleAfterMs: settings.idleAwayMs,
        pingIntervalMs: settings.pingIntervalMs,
        pingTimeoutMs: settings.pingTimeoutMs,
        graceMs: settings.offlineGraceMs,
        serverTime: isoTime(clock.wall()),
        limits: {
          frameBytes: settings.maxFrameBytes,
          frameRate: settings.frameRate,
          frameBurst: settings.frameBurst,
          watches: settings.maxWatches,
        },
        ...(own !== undefined && { self: own }),
        ...(ref !== undefined && { ref }),
      }),
    );
    if (this.#stage === 'open') return;
    this.#stage = 'open';
    this.tellDegraded(health.degraded);
    this.release();
  }

  /** Says so if the client does not know it yet. */
  tellDegraded(degraded: boolean): void {
    if (!this.open || degraded === this.#toldDegraded) return;
    this.#toldDegraded = degraded;
    this.send(degradedFrame(degraded));
  }

  wasActive(): void {
    this.activeAt = this.host.clock.monotonic();
    if (this.idle) this.#reschedule();
    this.idle = false;
    this.host.membership.touched(this);
  }

  wasIdle(): void {
    this.idle = true;
    this.host.membership.touched(this);
  }

  check(now: number): number | undefined {
    if (this.over) return undefined;
    if (this.#waiting !== undefined) return this.#checkWaiting(this.#waiting, now);
    if (this.#tokenLeft() <= 0) {
      this.close(4401, 'the token ran out');
      return undefined;
    }
    const keepAlive = this.keepAlive(now);
    if (keepAlive === undefined) return undefined;
    if (this.#activeLeft() <= 0) this.wasIdle();
    return Math.min(keepAlive, now + this.#tokenLeft(), now + this.#activeLeft());
  }

  /** Before sign-in its frames count for its address. */
  override get person(): string {
    return this.#owner === undefined ? `@${this.#waiting?.address ?? ''}` : ownerKey(this.#owner);
  }

  protected override text(text: string): void {
    if (this.#stage === 'waiting') this.#first(text);
    else this.#handle(text);
  }

  protected override ended(how: Leaving): void {
    this.host.wheel.cancel(this);
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#typing?.end();
    this.#typing = undefined;
    this.host.typing.leave(this);
    if (this.#principal === undefined) return;
    this.disappear(how);
    this.host.metrics.connections.dec();
    this.host.metrics.sessionSeconds.observe((this.host.clock.monotonic() - this.openedAt) / 1000);
  }

  protected override drained(): void {
    this.#watcher?.drained();
  }

  protected override get held(): boolean {
    return this.#stage === 'verifying' || this.#stage === 'joining' || this.#isRenewing;
  }

  /** @internal Its place among the unauthenticated is free only now: a socket that is closing still costs one. */
  override closed(code: number): void {
    super.closed(code);
    this.#leaveWaiting();
  }

  #first(text: string): void {
    const frame = parseFirstFrame(text);
    if (frame === undefined) {
      this.close(4401, 'the first frame must be auth');
      return;
    }
    this.host.metrics.framesReceived.inc({ type: 'auth' });
    this.#stage = 'verifying';
    this.hold();
    void signIn(this, frame);
  }

  #handle(text: string): void {
    const { frame, error } = parseClientFrame(text, this.host.clock.wall());
    if (frame === undefined) {
      this.malformed(error.code, error.message, error.ref);
      return;
    }
    this.host.metrics.framesReceived.inc({ type: frame.type });
    handleFrame(this, frame);
  }

  /** A token without groups says nothing of them; one without `iat` says less than any word held. */
  #takeToken(principal: Principal): void {
    this.#principal = principal;
    const { groups, iat = 0 } = principal;
    if (groups !== undefined && iat >= (this.#own?.stamp ?? 0)) this.#own = { groups, stamp: iat };
  }

  /** Whom it may see, and whose typing it hears, follow from token and groups: when these change, and only then. */
  #judgeViewer(): void {
    if (this.over || this.#principal === undefined) return;
    const viewer = viewerOf(this);
    if (this.#viewer !== undefined && seesTheSame(this.#viewer, viewer)) return;
    this.#viewer = viewer;
    this.#watcher?.allow(viewer);
    this.host.typing.hears(this);
  }

  #recognised(own: OwnGroups | undefined, self: SelfView | undefined, ref?: string): void {
    if (own !== undefined && !this.over) this.regrouped(own);
    this.welcome(self, ref);
  }

  #leaveWaiting(): void {
    if (this.#waiting === undefined) return;
    this.host.unauthenticated.leave(this.#waiting.address);
    this.host.metrics.unauthenticated.set(this.host.unauthenticated.count);
    this.#waiting = undefined;
  }

  #checkWaiting({ authBy }: Waiting, now: number): number | undefined {
    // A token that is being verified came in time.
    if (this.#stage === 'verifying') return Number.POSITIVE_INFINITY;
    if (now < authBy) return authBy;
    this.close(4408, 'no auth in time');
    return undefined;
  }

  #replaceOldest(sameUser: readonly object[]): void {
    const excess = sameUser.length - this.host.settings.maxConnectionsPerUser;
    for (const oldest of excess > 0 ? sameUser.slice(0, excess) : []) {
      if (oldest instanceof Session) oldest.close(4409, 'too many connections of this user');
    }
  }

  /** ms until the token expires, by the current wall clock; the same bound as for opening a connection. */
  #tokenLeft(): number {
    return this.principal.exp * 1000 + CLOCK_SKEW_MS - this.host.clock.wall();
  }

  /** ms until silence means that the device is not in use. */
  #activeLeft(): number {
    const { idleAwayMs } = this.host.settings;
    if (this.idle || idleAwayMs === 0 || !mayConnect(this.principal)) return Number.POSITIVE_INFINITY;
    return Math.max(this.openedAt, this.activeAt) + idleAwayMs - this.host.clock.monotonic();
  }

  /** Re-evaluate deadlines; one may be earlier. */
  #reschedule(): void {
    this.host.wheel.schedule(this, this.host.wheel.now);
  }
}
