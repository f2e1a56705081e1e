import type { PlaceTransition } from '../../domain/place.ts';
import type { Places } from '../../store/port/places.ts';
import type { FanoutContext } from '../context.ts';
import { WatchError } from '../fanout.ts';
import { Polled } from '../polled.ts';
import { Rests } from '../tenant/rests.ts';
import { SharedRead } from '../tenant/shared-read.ts';
import { TooLarge } from '../tenant/too-large.ts';
import { PlaceSet } from './place-set.ts';
import { sameTop, TOP_MAX, type Top } from './top.ts';

const keyOf = (tenant: string, place: string): string => `${tenant}:${place}`;

/** The watched places of a node: read once each, and kept current from the feed. */
export class WatchedPlaces {
  readonly #places: Pick<Places, 'members' | 'top'>;
  readonly #context: FanoutContext;
  /** Members of a place that can be watched by name. */
  readonly #max: number;
  readonly #sets = new Map<string, PlaceSet>();
  readonly #tops = new Map<string, Polled<Top>>();
  readonly #tooLarge: TooLarge;
  readonly #rests: Rests;

  constructor(places: Pick<Places, 'members' | 'top'>, context: FanoutContext, max: number) {
    this.#places = places;
    this.#context = context;
    this.#max = max;
    this.#tooLarge = new TooLarge(context.timing);
    this.#rests = new Rests(context.timing);
  }

  /** A watch by name needs the place until {@link leave}. @throws WatchError when it was too large just now. */
  enter(tenant: string, place: string): PlaceSet {
    const key = keyOf(tenant, place);
    let set = this.#sets.get(key);
    if (set === undefined) {
      if (this.#tooLarge.has(tenant, place)) throw tooManyIn(place);
      const rest = this.#rests.of(tenant, place);
      const reading = (of: PlaceSet): SharedRead =>
        new SharedRead(() => this.#load(of), this.#context.timing, rest);
      set = new PlaceSet(tenant, place, this.#context, this.#max, reading);
      this.#sets.set(key, set);
    }
    set.interest += 1;
    return set;
  }

  leave(set: PlaceSet): void {
    set.interest -= 1;
    const key = keyOf(set.tenant, set.name);
    if (set.interest > 0 || this.#sets.get(key) !== set) return;
    this.#sets.delete(key);
    this.#rests.keep(set.tenant, set.name, set.reading.restUntil);
  }

  /**
   * Reads who is there, not earlier than now. While the store is unreachable, those known have to do.
   * Rejects as the store does, or with a WatchError when there are too many.
   */
  async fresh(set: PlaceSet, isAway: boolean): Promise<void> {
    if (isAway && set.complete) return;
    try {
      await set.reading.ask();
    } catch (error) {
      if (!set.complete || error instanceof WatchError) throw error;
    }
  }

  /** A watch of those who are there longest needs the place until {@link leaveTop}. */
  enterTop(tenant: string, place: string): Polled<Top> {
    const key = keyOf(tenant, place);
    let top = this.#tops.get(key);
    if (top === undefined) {
      const read = (): Promise<Top> => this.#places.top(tenant, place, TOP_MAX);
      top = new Polled({ read, same: sameTop, context: this.#context });
      this.#tops.set(key, top);
    }
    top.interest += 1;
    return top;
  }

  leaveTop(tenant: string, place: string, top: Polled<Top>): void {
    top.interest -= 1;
    const key = keyOf(tenant, place);
    if (top.interest > 0 || this.#tops.get(key) !== top) return;
    top.stop();
    this.#tops.delete(key);
  }

  transition({ tenant, place, change, ...member }: PlaceTransition, now: number): void {
    const key = keyOf(tenant, place);
    this.#tops.get(key)?.touch();
    const set = this.#sets.get(key);
    if (set === undefined) return;
    set.tell(member.user, member.ver);
    const { reason: _, ...shown } = member;
    const isNews = change === 'left' ? set.left(shown.user, shown.since, shown.ver) : set.entered(shown);
    if (!isNews) return;
    if (set.members.size > this.#max) this.#outgrown(set);
    else set.stream.wake(now);
  }

  /** The groups of a person changed, and with them who may see that they are there. */
  regrouped(tenant: string, user: string, groups: readonly string[], now: number): void {
    if (!this.#context.sharedOnly) return;
    for (const set of this.#sets.values()) {
      const record = set.tenant === tenant ? set.members.get(user) : undefined;
      if (record === undefined) continue;
      record.regroup(groups);
      for (const reader of [...set.readers]) reader.memberRegrouped(set, record, now);
    }
  }

  /** After a loss of data: finds who came and left without this node hearing of it. Errors as the store's. */
  async refresh(): Promise<void> {
    for (const top of this.#tops.values()) top.touch();
    for (const set of [...this.#sets.values()]) {
      try {
        await set.reading.ask();
      } catch (error) {
        if (!(error instanceof WatchError)) throw error;
        this.#outgrown(set);
      }
    }
  }

  /** Places that are watched by name, and by number. */
  get size(): number {
    return this.#sets.size + this.#tops.size;
  }

  stop(): void {
    for (const top of this.#tops.values()) top.stop();
  }

  #outgrown(set: PlaceSet): void {
    this.#tooLarge.add(set.tenant, set.name);
    for (const reader of [...set.readers]) reader.placeOutgrown(set);
  }

  async #load(set: PlaceSet): Promise<void> {
    const isWanted = (): boolean => this.#sets.get(keyOf(set.tenant, set.name)) === set;
    if (!isWanted()) return;
    const reading = set.begin();
    try {
      const members = await this.#places.members(set.tenant, set.name, this.#max);
      if (!isWanted()) return;
      if (members === undefined) {
        this.#tooLarge.add(set.tenant, set.name);
        throw tooManyIn(set.name);
      }
      reading.take(members, this.#context.timing.now());
    } finally {
      reading.end();
    }
  }
}

const tooManyIn = (place: string): WatchError =>
  new WatchError(
    'too_many_watches',
    'more people are in the place than can be watched by name: ask for `top`',
    {
      places: [place],
    },
  );
