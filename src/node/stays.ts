import type { HybridMicros } from '../domain/clock.ts';
import type { PlaceAnswer, PlaceReport } from '../store/port/reports.ts';
import { StoreError } from '../store/port/store-error.ts';
import { TokenBucket } from '../time/token-bucket.ts';
import type { Member } from './membership.ts';
import { PERSON_BURST, PERSON_RATE } from './place-rate.ts';
import { Stay } from './stay.ts';

/** A request that waits until a word is stored. */
export interface Request {
  readonly stay: Stay;
  readonly member: Member;
  readonly word: number;
  /** It may expire from now on: what it asks for has had its turn. */
  begin(): void;
  done(): void;
  fail(error: StoreError): void;
}

/** A connection that is in a place no more, although it did not say so. */
export interface Outcast {
  readonly member: Member;
  readonly place: string;
}

const REFUSALS = {
  too_many: ['too_many_places', 'this user is in as many places, or has as much data there, as one may'],
  put_out: ['put_out', 'the user was put out of this place after the token was issued'],
} as const;

/** Where one user is by the connections here. */
export class Stays {
  readonly #stays = new Map<string, Stay>();
  #requests: Request[] = [];
  #person: TokenBucket | undefined;
  #stamp: HybridMicros = 0;

  /** The places that the store may still have to be sent something of. */
  get all(): Iterable<Stay> {
    return this.#stays.values();
  }

  get size(): number {
    return this.#stays.size;
  }

  of(place: string): Stay | undefined {
    return this.#stays.get(place);
  }

  open(place: string): Stay {
    let stay = this.#stays.get(place);
    if (stay === undefined) {
      stay = new Stay(place);
      this.#stays.set(place, stay);
    }
    return stay;
  }

  /** @param order - the hybrid clock of the partition. */
  enter(member: Member, place: string, data: string | undefined, now: number, order: HybridMicros): Stay {
    const stay = this.open(place);
    this.#stamp = Math.max(order, this.#stamp + 1);
    stay.enter(member, data === undefined ? { stamp: 0 } : { data, stamp: this.#stamp, at: now }, now);
    return stay;
  }

  /** The connection ended. @param graceMs - absent: without a grace. */
  closes(member: Member, now: number, graceMs: number | undefined): void {
    for (const stay of this.#stays.values()) {
      if (!stay.has(member)) continue;
      if (graceMs === undefined) stay.drop(member);
      else stay.closes(member, now, graceMs);
    }
    this.settle(now);
  }

  wait(request: Request): void {
    this.#requests.push(request);
  }

  /**
   * Lets the newest words into the reports, as far as the limits allow.
   *
   * @returns whether there is something new to report.
   */
  settle(now: number): boolean {
    let hasNews = false;
    for (const stay of this.#stays.values()) {
      if (!stay.settle(now, (at) => this.#mayChange(at))) continue;
      hasNews = true;
      for (const request of this.#requests)
        if (request.stay === stay && request.word <= stay.toldWord) request.begin();
    }
    return hasNews;
  }

  /** Data wait for their turn. */
  get isWaiting(): boolean {
    for (const stay of this.#stays.values()) if (stay.isWaiting) return true;
    return false;
  }

  reports(now: number, isDoubted: (member: Member) => boolean, isHidden: boolean): readonly PlaceReport[] {
    return [...this.#stays.values()].map((stay) => stay.report(now, isDoubted, isHidden));
  }

  /** Of data that others are not shown, although they came last: see `Stay.sayAgain`. @param order - as of {@link enter}. */
  sayAgain(now: number, order: HybridMicros): boolean {
    let hasNews = false;
    for (const stay of this.#stays.values()) {
      if (!stay.sayAgain(now, Math.max(order, this.#stamp) + 1)) continue;
      this.#stamp = Math.max(order, this.#stamp) + 1;
      hasNews = true;
    }
    return hasNews;
  }

  /** The store took the newest batch, except what it refuses. @returns connections that are in a place no more. */
  stored(answers: readonly PlaceAnswer[]): readonly Outcast[] {
    const refused = answers.filter((answer) => answer.refused !== undefined);
    const out = refused.flatMap((answer) => this.#refused(answer));
    for (const stay of this.#stays.values())
      if (!refused.some(({ place }) => place === stay.place)) stay.stored();
    for (const { place, since, ver, data } of answers) {
      if (ver > 0) this.of(place)?.shows({ since, ver, ...(data !== undefined && { data }) });
      else this.of(place)?.hides(0);
    }
    this.#answer();
    return out;
  }

  endGrace(): void {
    for (const stay of this.#stays.values()) stay.endGrace();
  }

  forget(): void {
    for (const stay of this.#stays.values()) stay.forget();
  }

  /** Drops what is over. */
  prune(now: number, ttlMs: number): void {
    for (const [place, stay] of this.#stays) if (stay.isOver(now, ttlMs)) this.#stays.delete(place);
  }

  #refused({ place, refused }: PlaceAnswer): readonly Outcast[] {
    const stay = this.of(place);
    if (stay === undefined || refused === undefined) return [];
    const out = stay.refused(refused === 'put_out');
    const [code, message] = REFUSALS[refused];
    const mine = this.#requests.filter((request) => request.stay === stay && request.word <= stay.storedWord);
    for (const request of mine) request.fail(new StoreError(code, message, { ofThisCall: true }));
    this.#requests = this.#requests.filter((request) => !mine.includes(request));
    // The answer to its request says it to the others.
    return out
      .filter((member) => !mine.some((request) => request.member === member))
      .map((member) => ({ member, place }));
  }

  #answer(): void {
    if (this.#requests.length === 0) return;
    const isDone = ({ stay, word }: Request): boolean => word <= stay.storedWord;
    const done = this.#requests.filter(isDone);
    this.#requests = this.#requests.filter((request) => !isDone(request));
    for (const request of done) request.done();
  }

  #mayChange(now: number): boolean {
    this.#person ??= new TokenBucket(PERSON_BURST, now);
    return this.#person.take(PERSON_RATE, PERSON_BURST, now);
  }
}
