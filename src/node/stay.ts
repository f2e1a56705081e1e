import { issuedBy } from '../auth/principal.ts';
import type { HybridMicros } from '../domain/clock.ts';
import type { KnownStay, PlaceReport } from '../store/port/reports.ts';
import { TokenBucket } from '../time/token-bucket.ts';
import type { Member } from './membership.ts';
import { PLACE_BURST, PLACE_RATE } from './place-rate.ts';

/** Data as a connection gave them; the greater stamp is newer, 0 for none. */
export interface Said {
  readonly data?: string | undefined;
  readonly stamp: HybridMicros;
  /** When they were given; absent: they have been stamped again. */
  readonly at?: number;
}

/** For how long the order in which words reach the store counts, ms: later they may have waited for it. */
const FRESH_MS = 1_000;

const NOTHING: Said = { stamp: 0 };

/** A connection in a place. */
interface Part {
  readonly enteredAt: number;
  readonly said: Said;
  /** What the store took of it; absent: not even that it is in the place. */
  readonly taken?: Said;
}

/** Connections that were lost, until their grace ends. */
interface Closed {
  readonly at: number;
  readonly graceMs: number;
  readonly said: Said;
}

/** What a batch carried. */
interface Sent {
  readonly word: number;
  readonly leftAt: number;
  readonly members: readonly Member[];
  readonly said: Said;
  readonly isNew: boolean;
}

const NOTHING_SENT: Sent = { word: 0, leftAt: -1, members: [], said: NOTHING, isNew: false };

const newestOf = (parts: Iterable<Part>): Said => {
  let newest = NOTHING;
  for (const { said } of parts) if (said.data !== undefined && said.stamp > newest.stamp) newest = said;
  return newest;
};

/** Whether another change of data is within the limits of the person, over all places here. */
export type PersonMayChange = (now: number) => boolean;

/** One user in one place by the connections here. Times are ms of the monotonic clock; -1 for never. */
export class Stay {
  readonly place: string;
  readonly #parts = new Map<Member, Part>();
  #closed: Closed | undefined;
  #leftAt = -1;
  #bucket: TokenBucket | undefined;
  /** Each word of a connection here has the next number. Data that change too often wait: reports carry an earlier word. */
  #word = 0;
  #toldWord = 0;
  #told: Said = NOTHING;
  #sent = NOTHING_SENT;
  #storedWord = 0;
  #shown: KnownStay | undefined;
  #shownVer: HybridMicros = 0;

  constructor(place: string) {
    this.place = place;
  }

  get members(): readonly Member[] {
    return [...this.#parts.keys()];
  }

  /** Connections that are in it. */
  get size(): number {
    return this.#parts.size;
  }

  has(member: Member): boolean {
    return this.#parts.has(member);
  }

  enteredAt(member: Member): number {
    return this.#parts.get(member)?.enteredAt ?? -1;
  }

  /** Others are shown the user in the place, as far as this node knows. */
  get isShown(): boolean {
    return this.#shown !== undefined;
  }

  /** The number of the newest word of a connection here, and of the newest that reports carry and that the store took. */
  get word(): number {
    return this.#word;
  }
  get toldWord(): number {
    return this.#toldWord;
  }
  get storedWord(): number {
    return this.#storedWord;
  }

  /** The newest data wait for their turn. */
  get isWaiting(): boolean {
    return this.#toldWord < this.#word;
  }

  enter(member: Member, said: Said, now: number): void {
    const taken = this.#parts.get(member)?.taken;
    this.#parts.set(member, { enteredAt: now, said, ...(taken && { taken }) });
    // It takes the place of what closed before.
    this.#closed = undefined;
    this.#word += 1;
  }

  /** The person leaves: this ends graces that began before, also of connections elsewhere. */
  leave(member: Member, now: number): void {
    this.#closed = undefined;
    this.#leftAt = now;
    this.drop(member);
  }

  /** The connection is in the place no more, without a grace. */
  drop(member: Member): void {
    this.#parts.delete(member);
    this.#word += 1;
  }

  /** A connection was lost: for a grace the user stays, with the data that it had. */
  closes(member: Member, now: number, graceMs: number): void {
    const said = this.#parts.get(member)?.said;
    if (said === undefined) return;
    this.drop(member);
    const before = this.#closed;
    const keepsBefore =
      before !== undefined &&
      now < before.at + before.graceMs &&
      before.said.data !== undefined &&
      (said.data === undefined || before.said.stamp > said.stamp);
    this.#closed = { at: now, graceMs, said: keepsBefore ? before.said : said };
  }

  /** No grace runs any more: what closed was ended permanently. */
  endGrace(): void {
    this.#closed = undefined;
  }

  /** Drops what this node knew of the stay, except what the open connections say. */
  forget(): void {
    this.endGrace();
    this.#shown = undefined;
  }

  /**
   * Brings what reports carry up to the newest word, unless its data changed too often: then it waits.
   *
   * @returns whether there is something new to report.
   */
  settle(now: number, person: PersonMayChange): boolean {
    if (!this.isWaiting) return false;
    const newest = newestOf(this.#parts.values());
    const isOfData = this.#parts.size > 0 && newest.data !== this.#told.data;
    if (isOfData && !this.#mayChange(now, person)) return false;
    this.#told = newest;
    this.#toldWord = this.#word;
    return true;
  }

  /** @param isDoubted - the connection does not count until something is received from it. */
  report(now: number, isDoubted: (member: Member) => boolean, isHidden: boolean): PlaceReport {
    const members = this.members.filter((member) => !isDoubted(member));
    const parts = members.flatMap((member) => this.#parts.get(member) ?? []);
    const said = this.isWaiting ? this.#told : newestOf(parts);
    const isNew = this.#toldWord > this.#storedWord;
    this.#sent = { word: this.#toldWord, leftAt: this.#leftAt, members, said, isNew };
    const closed = this.#closed;
    const isIn = parts.length > 0;
    return {
      place: this.place,
      enteredAgo: isIn ? now - Math.max(...parts.map(({ enteredAt }) => enteredAt)) : -1,
      issued: Math.max(0, ...members.map(({ principal }) => issuedBy(principal))),
      ...(isIn && said.data !== undefined && { data: said.data, stamp: said.stamp }),
      ...(closed !== undefined && { closedAgo: now - closed.at, graceMs: closed.graceMs }),
      ...(closed?.said.data !== undefined && {
        closedData: closed.said.data,
        closedStamp: closed.said.stamp,
      }),
      ...(this.#leftAt >= 0 && { leftAgo: now - this.#leftAt }),
      ...(this.#shown !== undefined && !isHidden && { known: this.#shown }),
    };
  }

  /** The store took what the newest batch carried. */
  stored(): void {
    const { word, leftAt, members, said } = this.#sent;
    this.#storedWord = word;
    if (this.#leftAt === leftAt) this.#leftAt = -1;
    for (const member of members) {
      const part = this.#parts.get(member);
      if (part === undefined) continue;
      const taken = part.said.stamp <= said.stamp ? part.said : (part.taken ?? NOTHING);
      if (taken !== part.taken) this.#parts.set(member, { ...part, taken });
    }
  }

  /**
   * Stamps by estimates of the store's clock differ between nodes: data that reached the store just now, as the newest
   * word, are not shown because earlier ones have a greater stamp. They are stamped again, once.
   *
   * @param stamp - greater than all that the store has.
   * @returns whether there is something new to report.
   */
  sayAgain(now: number, stamp: HybridMicros): boolean {
    const { said, isNew } = this.#sent;
    const { data, at } = said;
    if (!isNew || data === undefined || at === undefined || now - at > FRESH_MS) return false;
    if (this.#shown === undefined || this.#shown.data === data || this.#shown.data === undefined)
      return false;
    for (const [member, part] of this.#parts) {
      if (part.said !== said) continue;
      this.#parts.set(member, { ...part, said: { data, stamp } });
      this.#word += 1;
      return true;
    }
    return false;
  }

  /**
   * The store did not take what the newest batch carried. Of what it took before the data are what they were.
   *
   * @param isPutOut - no connection of the batch may be in the place.
   * @returns connections of the batch that are not in the place.
   */
  refused(isPutOut: boolean): readonly Member[] {
    const { word, members } = this.#sent;
    this.#storedWord = word;
    const out: Member[] = [];
    for (const member of members) {
      const part = this.#parts.get(member);
      if (part === undefined) continue;
      if (part.taken !== undefined && !isPutOut) this.#parts.set(member, { ...part, said: part.taken });
      else {
        this.#parts.delete(member);
        out.push(member);
      }
    }
    if (!this.isWaiting) this.#told = newestOf(this.#parts.values());
    return out;
  }

  /** Others are shown this of the user. */
  shows({ since, ver, data }: KnownStay): void {
    if (ver < this.#shownVer) return;
    this.#shownVer = ver;
    this.#shown = { since, ver, ...(data !== undefined && { data }) };
  }

  /** Others are not shown the user here. @param ver - of that change; 0 unknown. */
  hides(ver: HybridMicros): void {
    if (ver > 0 && ver < this.#shownVer) return;
    this.#shownVer = Math.max(ver, this.#shownVer);
    this.#shown = undefined;
  }

  /** Nothing of it has to be sent, now or after a loss. */
  isOver(now: number, ttlMs: number): boolean {
    if (this.#parts.size > 0 || this.#storedWord < this.#word || this.#leftAt >= 0) return false;
    return this.#closed === undefined || this.#closed.at + this.#closed.graceMs + ttlMs <= now;
  }

  #mayChange(now: number, person: PersonMayChange): boolean {
    this.#bucket ??= new TokenBucket(PLACE_BURST, now);
    if (!this.#bucket.take(PLACE_RATE, PLACE_BURST, now)) return false;
    if (person(now)) return true;
    this.#bucket.giveBack();
    return false;
  }
}
