import { type UserRef, userKey } from '../domain/model.ts';
import { MAX_PLACES, type PlaceTransition } from '../domain/place.ts';
import type { Command } from '../events/feed.ts';
import type { PlaceAnswer } from '../store/port/reports.ts';
import { StoreError } from '../store/port/store-error.ts';
import { DueQueue } from '../time/due-queue.ts';
import { schedule } from '../time/timing.ts';
import type { NodeContext } from './context.ts';
import type { Flusher } from './flusher.ts';
import type { Holding } from './holding.ts';
import type { Member, PlaceMembership } from './membership.ts';
import type { Stay } from './stay.ts';
import { Stays } from './stays.ts';
import { Waiter, waiters } from './waiter.ts';

interface PlaceRosterOptions {
  readonly flusher: Pick<Flusher, 'mark'>;
  readonly commandTimeoutMs: number;
  /** The user as this node holds them. */
  readonly holdingOf: (ref: UserRef) => Holding | undefined;
}

/** How often it is looked whether data that changed too often may be reported now, ms. */
const PACE_MS = 50;
/** Places of one user that still have to be sent something, those left included: a store may be unreachable for long. */
const MAX_STAYS = 2 * MAX_PLACES;

const TOO_MANY = 'this connection, or its user, is in as many places as one may be';

/** In which places the users connected here are. Plain memory; the flusher brings the store to match. */
export class PlaceRoster implements PlaceMembership {
  readonly #context: NodeContext;
  readonly #options: PlaceRosterOptions;
  /** Users of whom this node holds anything in a place. */
  readonly #placed = new Set<Holding>();
  /** Those of them whose newest data wait. */
  readonly #paced = new Set<Holding>();
  readonly #pace: DueQueue<Holding>;
  readonly #requests: DueQueue<Waiter>;

  constructor(context: NodeContext, options: PlaceRosterOptions) {
    this.#context = context;
    this.#options = options;
    this.#requests = waiters(options.commandTimeoutMs, context.now);
    this.#pace = new DueQueue(PACE_MS, { now: context.now, schedule }, (due) => {
      for (const holding of due) this.#nextTurn(holding);
    });
  }

  enter(member: Member, place: string, data: string | undefined, most: number): Promise<void> {
    const holding = this.#options.holdingOf(member.ref);
    if (!holding?.members.includes(member)) return gone();
    holding.stays ??= new Stays();
    this.#placed.add(holding);
    const { stays } = holding;
    if (!stays.of(place)?.has(member)) {
      const [mine, all] = countOf(stays, member, place);
      if (mine >= most || all >= MAX_PLACES || stays.size >= MAX_STAYS) {
        this.#context.metrics.placesRejected.inc({ reason: 'too_many' });
        return Promise.reject(new StoreError('too_many_places', TOO_MANY, { ofThisCall: true }));
      }
    }
    const order = this.#context.partitions.order(holding.partition);
    return this.#said(holding, stays, member, stays.enter(member, place, data, this.#context.now(), order));
  }

  exit(member: Member, place: string): Promise<void> {
    const holding = this.#options.holdingOf(member.ref);
    if (!holding?.members.includes(member)) return gone();
    holding.stays ??= new Stays();
    this.#placed.add(holding);
    const { stays } = holding;
    if (stays.of(place) === undefined && stays.size >= MAX_STAYS) return gone();
    const stay = stays.open(place);
    stay.leave(member, this.#context.now());
    return this.#said(holding, stays, member, stay);
  }

  withdraw(member: Member, places: readonly string[]): void {
    const holding = this.#options.holdingOf(member.ref);
    for (const place of places) holding?.stays?.of(place)?.drop(member);
    if (holding !== undefined && places.length > 0) this.report(holding);
  }

  of(member: Member): readonly string[] {
    const stays = this.#options.holdingOf(member.ref)?.stays;
    return stays === undefined
      ? []
      : [...stays.all].filter((stay) => stay.has(member)).map(({ place }) => place);
  }

  shows(ref: UserRef, place: string): boolean {
    return this.#options.holdingOf(ref)?.stays?.of(place)?.isShown === true;
  }

  /** The store has this node's report about a user. */
  stored(holding: Holding, answers: readonly PlaceAnswer[]): void {
    const { stays } = holding;
    if (stays === undefined) return;
    const outcasts = stays.stored(answers);
    for (const { refused } of answers)
      if (refused !== undefined) this.#context.metrics.placesRejected.inc({ reason: refused });
    for (const { member, place } of outcasts) member.putOut([place]);
    const { now, partitions } = this.#context;
    const isAgain = stays.sayAgain(now(), partitions.order(holding.partition));
    // What the store did not take is taken back.
    if (isAgain || outcasts.length > 0) this.report(holding);
    this.#prune(holding);
  }

  /** What others see of any user in a place: it restores a lost stay. */
  heard({ tenant, place, user, change, since, ver, data }: PlaceTransition): void {
    const stay = this.#options.holdingOf({ tenant, user })?.stays?.of(place);
    if (change === 'left') stay?.hides(ver);
    else stay?.shows({ since, ver, ...(data !== undefined && { data }) });
  }

  /** Everybody, or one user, was put out of a place. */
  command({ tenant, place, user, at }: Command & { readonly type: 'put_out' }): void {
    const one = user === undefined ? undefined : this.#options.holdingOf({ tenant, user });
    for (const holding of user === undefined ? [...this.#placed] : one === undefined ? [] : [one]) {
      const stay = holding.ref.tenant === tenant ? holding.stays?.of(place) : undefined;
      if (stay === undefined) continue;
      stay.endGrace();
      // Those that entered at about this moment may or may not be meant: the store decides.
      const { partitions } = this.#context;
      const meant = stay.members.filter(
        (member) => partitions.latestAt(holding.ref, stay.enteredAt(member)) * 1000 <= at,
      );
      for (const member of meant) {
        stay.drop(member);
        member.putOut([place]);
      }
      this.report(holding);
    }
  }

  /** Applies what time alone changes, and the counts. Called with every heartbeat. */
  tend(): void {
    const places = new Set<string>();
    let members = 0;
    for (const holding of [...this.#placed]) {
      this.#prune(holding);
      for (const { place, size } of holding.stays?.all ?? []) {
        if (size === 0) continue;
        members += 1;
        places.add(userKey({ tenant: holding.ref.tenant, user: place }));
      }
    }
    this.#context.metrics.placeMembers.set(members);
    this.#context.metrics.places.set(places.size);
  }

  stop(): void {
    this.#pace.clear();
    this.#requests.stop();
  }

  #said(holding: Holding, stays: Stays, member: Member, stay: Stay): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      const waiter = new Waiter(resolve, () =>
        reject(new StoreError('unavailable', 'this was not stored in time; it may still take effect')),
      );
      let hasBegun = false;
      stays.wait({
        ...{ stay, member, word: stay.word },
        begin: () => {
          if (!hasBegun) this.#requests.add(waiter, this.#context.now());
          hasBegun = true;
        },
        done: () => waiter.store(),
        fail: reject,
      });
    });
    this.report(holding);
    return promise;
  }

  /** Reports what may be reported now; what has to wait is looked at again. */
  report(holding: Holding): void {
    const { stays } = holding;
    if (stays === undefined) return;
    if (stays.settle(this.#context.now())) this.#options.flusher.mark(holding);
    if (!stays.isWaiting || this.#paced.has(holding)) return;
    this.#paced.add(holding);
    this.#pace.add(holding, this.#context.now());
  }

  #nextTurn(holding: Holding): void {
    this.#paced.delete(holding);
    if (this.#options.holdingOf(holding.ref) === holding) this.report(holding);
  }

  #prune(holding: Holding): void {
    const { now, ttlMs } = this.#context;
    holding.stays?.prune(now(), ttlMs);
    if (holding.stays?.size === 0) holding.stays = undefined;
    const isHeld = this.#options.holdingOf(holding.ref) === holding;
    if (!isHeld || holding.stays === undefined) this.#placed.delete(holding);
  }
}

const gone = (): Promise<never> =>
  Promise.reject(new StoreError('unavailable', 'the connection ends, or too much of it is not stored yet'));

/** In how many other places the connection is, and its user by all connections here. */
const countOf = (stays: Stays, member: Member, place: string): readonly [mine: number, all: number] => {
  const others = [...stays.all].filter((stay) => stay.place !== place && stay.size > 0);
  return [others.filter((stay) => stay.has(member)).length, others.length];
};
