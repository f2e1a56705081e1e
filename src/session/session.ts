import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Principal } from '../auth/principal.ts';
import { type Device, ownerKey } from '../domain/model.ts';
import type { EndingKind } from '../domain/row.ts';
import type { Refused, Watcher } from '../fanout/fanout.ts';
import type { Viewer } from '../fanout/visibility.ts';
import type { Leaving } from '../node/membership.ts';
import type { AuthFrame } from '../protocol/client-frames.ts';
import type { CloseCodeNumber, ErrorCode } from '../protocol/codes.ts';
import { parseClientFrame, parseFirstFrame } from '../protocol/parse-frame.ts';
import { degradedFrame, goneFrame, selfFrame } from '../protocol/server-frames.ts';
import type { SelfView } from '../store/port/views.ts';
import type { WheelItem } from '../time/timer-wheel.ts';
import type { Activity, Admission } from './admission.ts';
import type { ClientSession } from './client-session.ts';
import { Connection, type ConnectionHandler } from './connection.ts';
import { handleFrame } from './frame-handlers.ts';
import type { SessionHost } from './host.ts';
import { Identity, type IdentitySession } from './identity.ts';
import { ownSelf } from './own-self.ts';
import { endWatches } from './place-handlers.ts';
import { entryRefused, verifyRenewal, verifyToken } from './sign-in.ts';
import { Typing } from './typing.ts';
import { welcomeTo } from './welcome.ts';

/**
 * `waiting` for the first frame, `verifying` its token, `joining` until the node knows what others see, `open`, and
 * `renewing` while a new token is verified. Nothing is read while it verifies, joins or renews, and what came in the
 * same packet is kept for later.
 */
type Stage = 'waiting' | 'verifying' | 'joining' | 'open' | 'renewing';

const NO_PLACES: ReadonlySet<string> = new Set();

/** State needed only before sign-in. */
interface Waiting {
  readonly address: string;
  /** What the address said of the device; the first frame may say otherwise. */
  readonly activity?: Activity;
  /** Running time, ms. */
  readonly authBy: number;
}

/** One WebSocket from its first frame to its end: the stage it is in, and what it is sent besides what it asked for. */
export class Session implements ClientSession, IdentitySession, ConnectionHandler, WheelItem {
  slot = 0;
  readonly host: SessionHost;
  readonly device: Device;
  readonly askedTenant: string | undefined;
  readonly #connection: Connection;
  #stage: Stage = 'waiting';
  #waiting: Waiting | undefined;
  #identity: Identity | undefined;
  #watcher: Watcher | undefined;
  #typing: Typing | undefined;
  #toldDegraded = false;
  /** The newest frame that says what is true of the person; what `welcome` says counts as one. */
  #toldSelf: string | undefined;

  /** The caller has let it into {@link SessionHost.unauthenticated} when the admission has no principal. */
  constructor(host: SessionHost, ws: WebSocket, socket: Socket, admission: Admission) {
    this.host = host;
    this.device = admission.device;
    this.askedTenant = admission.tenant;
    this.#connection = new Connection(host, ws, socket, this);
    if (admission.principal !== undefined) {
      this.#enter(admission.principal, undefined, admission.activity);
      return;
    }
    this.#waiting = { ...admission, authBy: host.wheel.now + host.settings.authTimeoutMs };
    host.wheel.schedule(this, this.#waiting.authBy);
  }

  /** @throws Error before sign-in. */
  get identity(): Identity {
    if (this.#identity === undefined) throw new Error('not signed in yet');
    return this.#identity;
  }

  /** Signed in and welcomed, and the end is not decided. */
  get open(): boolean {
    return (this.#stage === 'open' || this.#stage === 'renewing') && !this.over;
  }

  /** The end was decided: answers that come later are dropped. */
  get over(): boolean {
    return this.#connection.over;
  }

  get buffered(): number {
    return this.#connection.buffered;
  }

  get watcher(): Watcher {
    const { tenant, viewer } = this.identity;
    this.#watcher ??= this.host.fanout.watcher(tenant, this.#connection, viewer);
    return this.#watcher;
  }

  get watches(): boolean {
    return this.#watcher !== undefined;
  }

  get watchedPlaces(): ReadonlySet<string> {
    return this.#watcher?.watchedPlaces ?? NO_PLACES;
  }

  followsPlace(place: string): boolean {
    return this.#watcher?.followsPlace(place) === true;
  }

  get typing(): Typing {
    this.#typing ??= new Typing(this);
    return this.#typing;
  }

  send(frame: string | Buffer): void {
    this.#connection.send(frame);
  }

  sendError(code: ErrorCode, message: string, ref?: string, refused?: Refused): void {
    this.#connection.sendError(code, message, ref, refused);
  }

  close(code: CloseCodeNumber, reason: string, how?: Leaving): void {
    this.#connection.close(code, reason, how);
  }

  /** Without a handshake. */
  terminate(): void {
    this.#connection.terminate();
  }

  evict(how: EndingKind): void {
    if (how === 'logout') this.close(1000, 'logged out', 'goodbye');
    else this.close(4403, 'revoked, or disconnected by an operator', 'revoked');
  }

  probe(answered: () => void): void {
    this.#connection.probe(answered);
    this.reschedule();
  }

  sees(viewer: Viewer): void {
    this.#watcher?.allow(viewer);
    this.host.typing.hears(this);
  }

  placesEnded(ended: readonly string[]): void {
    const unwatched = this.#watcher === undefined ? [] : endWatches(this.identity, this.#watcher);
    if (unwatched.length > 0) this.host.typing.hearsIn(this);
    const places = [...new Set([...ended, ...unwatched])];
    if (places.length > 0) this.send(goneFrame({ places }));
  }

  itself(self: SelfView): void {
    if (!this.open) return;
    const frame = selfFrame(ownSelf(self));
    if (frame === this.#toldSelf) return;
    this.#toldSelf = frame;
    this.send(frame);
  }

  /** Says so if the client does not know it yet. */
  tellDegraded(degraded: boolean): void {
    if (!this.open || degraded === this.#toldDegraded) return;
    this.#toldDegraded = degraded;
    this.send(degradedFrame(degraded));
  }

  /** A new token for an open connection. A bad one changes nothing. */
  async renew(frame: AuthFrame): Promise<void> {
    this.#holdAs('renewing');
    try {
      await this.#verifyRenewal(frame);
    } finally {
      this.#stage = 'open';
      this.#connection.release();
    }
  }

  reschedule(): void {
    this.host.wheel.schedule(this, this.host.wheel.now);
  }

  check(now: number): number | undefined {
    if (this.over) return undefined;
    // A token that is being verified came in time.
    if (this.#stage === 'verifying') return Number.POSITIVE_INFINITY;
    return this.#waiting === undefined ? this.#checkSignedIn(now) : this.#checkWaiting(this.#waiting, now);
  }

  #checkWaiting({ authBy }: Waiting, now: number): number | undefined {
    if (now < authBy) return authBy;
    this.close(4408, 'no auth in time');
    return undefined;
  }

  #checkSignedIn(now: number): number | undefined {
    const { identity } = this;
    if (identity.tokenLeftMs <= 0) {
      this.close(4401, 'the token ran out');
      return undefined;
    }
    const keepAlive = this.#connection.keepAlive(now);
    if (keepAlive === undefined) return undefined;
    if (identity.activeLeftMs <= 0) identity.wasIdle();
    return Math.min(keepAlive, now + identity.tokenLeftMs, now + identity.activeLeftMs);
  }

  /** Before sign-in its frames count for its address. */
  get person(): string {
    return this.#identity === undefined ? `@${this.#waiting?.address ?? ''}` : ownerKey(this.#identity.owner);
  }

  get held(): boolean {
    return this.#stage === 'verifying' || this.#stage === 'joining' || this.#stage === 'renewing';
  }

  text(text: string): void {
    if (this.#stage === 'waiting') this.#first(text);
    else this.#handle(text);
  }

  drained(): void {
    this.#watcher?.drained();
  }

  ended(how: Leaving): void {
    const { wheel, typing, metrics, clock } = this.host;
    wheel.cancel(this);
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#typing?.end();
    this.#typing = undefined;
    typing.leave(this);
    if (this.#identity === undefined) return;
    this.#identity.leave(how);
    metrics.connections.dec();
    metrics.sessionSeconds.observe((clock.monotonic() - this.#identity.openedAt) / 1000);
  }

  /** Its place among the unauthenticated is free only now: a socket that is closing still costs one. */
  closed(): void {
    this.host.gone(this);
    this.#leaveWaiting();
  }

  #first(text: string): void {
    const frame = parseFirstFrame(text);
    if (frame === undefined) {
      this.close(4401, 'the first frame must be auth');
      return;
    }
    this.host.metrics.framesReceived.inc({ type: 'auth' });
    this.#holdAs('verifying');
    void this.#signIn(frame);
  }

  async #signIn({ token, ref, activity }: AuthFrame): Promise<void> {
    const verdict = await verifyToken(this.host, token, this.askedTenant);
    if (this.over) return;
    if ('refusal' in verdict) this.close(entryRefused(verdict.refusal), verdict.refusal.message);
    else this.#enter(verdict.principal, ref, activity ?? this.#waiting?.activity);
  }

  #enter(principal: Principal, ref: string | undefined, activity: Activity | undefined): void {
    // A revocation that came between the look at the token and now found no connection to close.
    if (this.host.isRevoked(principal)) {
      this.evict('revoke');
      return;
    }
    this.#leaveWaiting();
    this.#holdAs('joining');
    this.#identity = new Identity(this, principal, activity);
    this.host.metrics.connections.inc();
    this.reschedule();
    this.host.typing.hears(this);
    this.#identity.enter((self) => this.#welcome(self, ref));
  }

  async #verifyRenewal({ token, ref, activity }: AuthFrame): Promise<void> {
    const { identity } = this;
    const verdict = await verifyRenewal(this.host, token, this.askedTenant, identity.principal);
    if (this.over) return;
    if ('refusal' in verdict) {
      this.sendError(verdict.refusal.code, verdict.refusal.message, ref);
      return;
    }
    identity.renew(verdict.principal, activity, (self) => this.#welcome(self, ref));
    this.reschedule();
  }

  #welcome(self: SelfView | undefined, ref: string | undefined): void {
    if (this.over) return;
    const own = self && ownSelf(self);
    if (own !== undefined) this.#toldSelf = selfFrame(own);
    this.send(welcomeTo(this.identity, this.host, own, ref));
    if (this.#stage !== 'joining') return;
    this.#stage = 'open';
    this.tellDegraded(this.host.health.degraded);
    this.#connection.release();
  }

  #handle(text: string): void {
    const { frame, error } = parseClientFrame(text, this.host.clock.wall());
    if (frame === undefined) {
      this.#connection.malformed(error.code, error.message, error.ref);
      return;
    }
    this.host.metrics.framesReceived.inc({ type: frame.type });
    handleFrame(this, frame);
  }

  #holdAs(stage: Stage): void {
    this.#stage = stage;
    this.#connection.hold();
  }

  #leaveWaiting(): void {
    const { unauthenticated, metrics } = this.host;
    if (this.#waiting === undefined) return;
    unauthenticated.leave(this.#waiting.address);
    metrics.unauthenticated.set(unauthenticated.count);
    this.#waiting = undefined;
  }
}
