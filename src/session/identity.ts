import { CLOCK_SKEW_MS } from '../auth/claims.ts';
import { mayEnter } from '../auth/place-rights.ts';
import { ownerOf, type Principal } from '../auth/principal.ts';
import type { Device, OwnGroups, TokenOwner, UserRef } from '../domain/model.ts';
import type { EndingKind } from '../domain/row.ts';
import { seesTheSame, type Viewer } from '../fanout/visibility.ts';
import type { Leaving, Member } from '../node/membership.ts';
import type { Observer } from '../node/observers.ts';
import type { CloseCodeNumber } from '../protocol/codes.ts';
import type { SelfView } from '../store/port/views.ts';
import { type Activity, mayConnect } from './admission.ts';
import type { SessionHost } from './host.ts';
import type { Listener } from './listener.ts';
import { viewerOf } from './viewer-of.ts';

const NO_GROUPS: readonly string[] = [];

/** Called once the node knows the connection, with what others see of the person; with `undefined` if that is not known. */
export type Welcome = (self: SelfView | undefined) => void;

/** The session of an {@link Identity}, as far as an identity concerns it. */
export interface IdentitySession extends Listener {
  readonly host: SessionHost;
  readonly device: Device;
  /** `?tenant=` of the upgrade. */
  readonly askedTenant: string | undefined;
  readonly over: boolean;
  close(code: CloseCodeNumber, reason: string): void;
  evict(how: EndingKind): void;
  probe(answered: () => void): void;
  /** What is true of the person: sent unless the client knows it. */
  itself(self: SelfView): void;
  /** Whom it may see has changed, and with it whose typing it receives. */
  sees(viewer: Viewer): void;
  /** It is in some places no more, or the token has changed: watches of places that it does not name end. */
  placesEnded(places: readonly string[]): void;
  /** Re-evaluates the deadlines: one may be earlier. */
  reschedule(): void;
}

/**
 * Who is at the other end of a connection, by the newest token: a member, by whom their user is present, or an
 * observer. It knows what the person does with the device, and whom they may see.
 */
export class Identity implements Member, Observer {
  readonly session: IdentitySession;
  readonly owner: TokenOwner;
  readonly openedAt: number;
  openedIdle = false;
  activeAt = -1;
  idle = false;
  #principal: Principal;
  /** The newest word on the person's groups: of this connection's tokens, or of others that were used elsewhere. */
  #own: OwnGroups | undefined;
  #viewer: Viewer;

  constructor(session: IdentitySession, principal: Principal, activity: Activity | undefined) {
    this.session = session;
    this.owner = ownerOf(principal);
    this.openedAt = session.host.clock.monotonic();
    this.#principal = principal;
    this.#take(principal);
    this.#opens(activity);
    this.#viewer = this.#viewerNow();
  }

  get principal(): Principal {
    return this.#principal;
  }

  /** @throws Error for a service of all tenants. */
  get ref(): UserRef {
    if (this.owner.service !== undefined) throw new Error('a service of all tenants is no user');
    return this.owner;
  }

  get device(): Device {
    return this.session.device;
  }

  /** The tenant that it is about: of its token, or the one that a service of all tenants named. */
  get tenant(): string {
    // Admission lets no service in that named no tenant.
    return this.#principal.tenant ?? this.session.askedTenant ?? '';
  }

  /** Groups of the user: what the newest token says, as far as this node knows. */
  get groups(): readonly string[] {
    return this.#own?.groups ?? NO_GROUPS;
  }

  get viewer(): Viewer {
    return this.#viewer;
  }

  /** Its user is present by it. Otherwise it only watches. */
  get isMember(): boolean {
    return mayConnect(this.#principal);
  }

  /** Registers with the node in the role that the token allows. */
  enter(welcome: Welcome): void {
    const { membership, observers } = this.session.host;
    if (this.isMember) {
      void membership.join(this).then((self) => {
        this.#recognise(self?.own);
        welcome(self);
      });
      this.#replaceOldest(membership.membersOf(this.ref));
    } else {
      void observers.add(this).then((own) => {
        this.#recognise(own);
        welcome(undefined);
      });
      this.#replaceOldest(observers.of(this.owner));
    }
  }

  /**
   * A newer token of the same owner: what it says counts from now on.
   *
   * @param activity - what the renewal says of the device; by itself it is no activity.
   */
  renew(next: Principal, activity: Activity | undefined, welcome: Welcome): void {
    const places = this.isMember ? this.session.host.membership.places.of(this) : [];
    if (mayConnect(next) !== this.isMember) {
      // Without `connect` the user is no longer present here, and will not come back: that is a goodbye.
      this.leave('goodbye');
      this.#take(next);
      this.#opens(activity);
      this.enter(welcome);
    } else {
      this.#take(next);
      welcome(this.#renewed(activity));
    }
    // After the answer: a client that reads on for its `welcome` would else skip what it lost by it.
    this.#judgeViewer();
    if (!this.session.over) this.session.placesEnded(this.#withdrawn(places));
  }

  putOut(places: readonly string[]): void {
    this.session.placesEnded(places);
  }

  /** The opposite of {@link enter}. */
  leave(how: Leaving): void {
    const { membership, observers } = this.session.host;
    if (this.isMember) membership.leave(this, how);
    else observers.remove(this);
  }

  /** The person did something with this device. */
  wasActive(): void {
    const { clock, membership } = this.session.host;
    this.activeAt = clock.monotonic();
    if (this.idle) this.session.reschedule();
    this.idle = false;
    membership.touched(this);
  }

  /** The device is not in use. The last activity stays what it was. */
  wasIdle(): void {
    this.idle = true;
    this.session.host.membership.touched(this);
  }

  regrouped(own: OwnGroups): void {
    // Answers to what was asked before a renewal come after it.
    if (this.#own !== undefined && own.stamp <= this.#own.stamp) return;
    this.#own = own;
    this.#judgeViewer();
  }

  itself(self: SelfView): void {
    this.session.itself(self);
  }

  evict(how: EndingKind): void {
    this.session.evict(how);
  }

  probe(answered: () => void): void {
    this.session.probe(answered);
  }

  /** ms until the token expires, by the current wall clock; the same bound as for opening a connection. */
  get tokenLeftMs(): number {
    return this.#principal.exp * 1000 + CLOCK_SKEW_MS - this.session.host.clock.wall();
  }

  /** ms until silence means that the device is not in use. */
  get activeLeftMs(): number {
    const { settings, clock } = this.session.host;
    if (this.idle || settings.idleAwayMs === 0 || !this.isMember) return Number.POSITIVE_INFINITY;
    return Math.max(this.openedAt, this.activeAt) + settings.idleAwayMs - clock.monotonic();
  }

  /** What is said of the device while it becomes present. */
  #opens(activity: Activity | undefined): void {
    this.openedIdle = activity === 'idle';
    if (activity === 'active') this.activeAt = this.session.host.clock.monotonic();
  }

  /** A token without groups says nothing of them; one without `iat` says less than any word held. */
  #take(principal: Principal): void {
    this.#principal = principal;
    const { groups, iat = 0 } = principal;
    if (groups !== undefined && iat >= (this.#own?.stamp ?? 0)) this.#own = { groups, stamp: iat };
  }

  /** The role stays. @returns what is true of the person, if that is known. */
  #renewed(activity: Activity | undefined): SelfView | undefined {
    const { membership, observers } = this.session.host;
    if (!this.isMember) {
      observers.renewed(this);
      return undefined;
    }
    membership.renewed(this);
    if (activity === 'active') this.wasActive();
    return membership.selfOf(this.ref);
  }

  /** Of the places that it was in, those that it is not in by the new token. */
  #withdrawn(places: readonly string[]): readonly string[] {
    const { membership, settings } = this.session.host;
    if (!this.isMember) return places;
    const closed = places.filter((place) => !mayEnter(this.#principal, place, settings.placePolicy));
    membership.places.withdraw(this, closed);
    return closed;
  }

  #recognise(own: OwnGroups | undefined): void {
    if (own !== undefined && !this.session.over) this.regrouped(own);
  }

  /** Whom it may see, and whose typing it receives, follow from token and groups: when these change, and only then. */
  #judgeViewer(): void {
    if (this.session.over) return;
    const viewer = this.#viewerNow();
    if (seesTheSame(this.#viewer, viewer)) return;
    this.#viewer = viewer;
    this.session.sees(viewer);
  }

  #viewerNow(): Viewer {
    return viewerOf(this, this.session.host.settings.watchPolicy);
  }

  #replaceOldest(sameUser: readonly object[]): void {
    const excess = sameUser.length - this.session.host.settings.maxConnectionsPerUser;
    for (const oldest of excess > 0 ? sameUser.slice(0, excess) : []) {
      if (oldest instanceof Identity) oldest.session.close(4409, 'too many connections of this user');
    }
  }
}
