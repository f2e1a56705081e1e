import type { CountOf } from '../../protocol/encode-place.ts';
import { type Sink, WatchError, type WatchRequest } from '../fanout.ts';
import { NumberReader } from '../number-reader.ts';
import { numberKey, type WatchedNumbers } from '../numbers.ts';
import { PlaceLine, type Writer } from '../places/place-line.ts';
import { PlaceReader } from '../places/place-reader.ts';
import type { PlaceSet } from '../places/place-set.ts';
import type { WatchedPlaces } from '../places/places.ts';
import type { Top } from '../places/top.ts';
import { TOP_MAX } from '../places/top.ts';
import { TopReader } from '../places/top-reader.ts';
import type { Polled } from '../polled.ts';
import type { Viewer } from '../visibility.ts';
import type { Watching } from '../watching.ts';
import { refusal } from './refusal.ts';

/** What the places and numbers that connections of a node watch share. */
export interface PlacesNode {
  readonly node: Watching;
  readonly places: WatchedPlaces;
  readonly numbers: WatchedNumbers;
}

/** A watch that is known and has not begun. Exactly one of the two is called. */
export interface Prepared {
  begin(): void;
  abandon(): void;
}

/** People that a place counts as before it was read. */
const UNREAD_PLACE = 50;

/** The places and numbers that one connection watches. */
export class PlaceWatches {
  readonly #shared: PlacesNode;
  readonly #tenant: string;
  readonly #line: PlaceLine;
  #viewer: Viewer;
  readonly #byName = new Map<string, PlaceReader>();
  readonly #tops = new Map<string, TopReader>();
  readonly #numbers = new Map<string, NumberReader>();
  #closed = false;

  constructor(tenant: string, sink: Sink, viewer: Viewer, shared: PlacesNode) {
    this.#tenant = tenant;
    this.#viewer = viewer;
    this.#shared = shared;
    this.#line = new PlaceLine(sink, shared.node.context, () => this.#writers());
  }

  /** Places watched by name or by those who are there longest. */
  get places(): ReadonlySet<string> {
    return new Set([...this.#byName.keys(), ...this.#tops.keys()]);
  }

  /** Whether a place is watched by name. */
  follows(place: string): boolean {
    return this.#byName.has(place);
  }

  get size(): number {
    return this.#byName.size + this.#tops.size + this.#numbers.size;
  }

  /** Reads everything asked for, not earlier than now. @throws WatchError; then nothing was registered. */
  async prepare(request: WatchRequest, ref: string | undefined, person: string): Promise<Prepared> {
    const { node } = this.#shared;
    const places = [...new Set(request.places ?? [])];
    const wanted = request.count === true ? countsOf(request, places) : places;
    if (node.context.meter.watches + wanted.length > node.limits.maxNodeWatches) {
      throw new WatchError('too_many_watches', 'this node watches as much as it can');
    }
    const waited = node.budgets.begin(person, wanted.length);
    if (waited !== undefined) await waited;
    if (request.count === true) return this.#prepareNumbers(countsOf(request, places), ref);
    if (request.top !== undefined) return this.#prepareTops(places, request.top, ref);
    return this.#prepareByName(places, ref, person);
  }

  unwatch(request: WatchRequest): void {
    const places = request.places ?? [];
    if (request.count === true) {
      for (const of of countsOf(request, places)) this.#endNumber(numberKey(of));
    } else {
      for (const place of places) this.#endPlace(place);
    }
    this.#shared.node.context.meter.commit();
  }

  /** Ends the watches, and the numbers, of some places. @returns the places that were watched. */
  drop(isDropped: (place: string) => boolean): string[] {
    const dropped = new Set<string>();
    for (const place of this.places) {
      if (!isDropped(place)) continue;
      this.#endPlace(place);
      dropped.add(place);
    }
    for (const [key, { of }] of this.#numbers) {
      if (!('place' in of) || !isDropped(of.place)) continue;
      this.#endNumber(key);
      dropped.add(of.place);
    }
    this.#shared.node.context.meter.commit();
    return [...dropped];
  }

  allow(viewer: Viewer): string[] {
    this.#viewer = viewer;
    const now = this.#shared.node.context.timing.now();
    for (const reader of this.#byName.values()) reader.allow(viewer, now);
    for (const reader of this.#tops.values()) reader.allow(viewer, now);
    const lost: string[] = [];
    for (const [key, { of }] of this.#numbers) {
      if ('place' in of || viewer.everyone) continue;
      if ('group' in of && viewer.users && viewer.groups.includes(of.group)) continue;
      this.#endNumber(key);
      if ('group' in of) lost.push(of.group);
    }
    this.#shared.node.context.meter.commit();
    return lost;
  }

  drained(): void {
    this.#line.drained(this.#shared.node.context.timing.now());
    this.#shared.node.context.meter.commit();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const place of this.places) this.#endPlace(place);
    for (const key of [...this.#numbers.keys()]) this.#endNumber(key);
    this.#line.close();
    this.#shared.node.context.meter.commit();
  }

  *#writers(): Iterable<Writer> {
    yield* this.#byName.values();
    yield* this.#tops.values();
    yield* this.#numbers.values();
  }

  async #prepareByName(names: readonly string[], ref: string | undefined, person: string): Promise<Prepared> {
    const { node, places } = this.#shared;
    const sets: PlaceSet[] = [];
    const abandon = (): void => {
      for (const set of sets) places.leave(set);
    };
    try {
      for (const name of names) sets.push(places.enter(this.#tenant, name));
      const size = sets.reduce(
        (sum, { complete, members }) => sum + (complete ? members.size : UNREAD_PLACE),
        0,
      );
      const turn = await node.turns.take(size, node.budgets.rank(person));
      try {
        await Promise.all(sets.map((set) => places.fresh(set, node.isStoreAway)));
      } finally {
        turn.end();
      }
      const owed = node.budgets.take(
        person,
        sets.reduce((sum, { members }) => sum + members.size, 0),
      );
      if (owed !== undefined) await owed;
    } catch (error) {
      abandon();
      throw refusal(error, node.context.log);
    }
    return this.#prepared(abandon, () => {
      const now = node.context.timing.now();
      for (const set of sets) this.#follow(set, ref, now);
    });
  }

  async #prepareTops(names: readonly string[], top: number, ref: string | undefined): Promise<Prepared> {
    const { node, places } = this.#shared;
    const tops: [string, Polled<Top>][] = [];
    const abandon = (): void => {
      for (const [name, polled] of tops) places.leaveTop(this.#tenant, name, polled);
    };
    try {
      for (const name of names) tops.push([name, places.enterTop(this.#tenant, name)]);
      await Promise.all(tops.map(([, polled]) => polled.fresh(node.isStoreAway)));
    } catch (error) {
      abandon();
      throw refusal(error, node.context.log);
    }
    return this.#prepared(abandon, () => {
      for (const [name, polled] of tops) this.#followTop(name, polled, Math.min(top, TOP_MAX), ref);
    });
  }

  async #prepareNumbers(wanted: readonly CountOf[], ref: string | undefined): Promise<Prepared> {
    const { node, numbers } = this.#shared;
    const held: [CountOf, ReturnType<WatchedNumbers['enter']>][] = [];
    const abandon = (): void => {
      for (const [of, number] of held) numbers.leave(this.#tenant, of, number);
    };
    try {
      for (const of of wanted) held.push([of, numbers.enter(this.#tenant, of)]);
      await Promise.all(held.map(([, number]) => number.fresh(node.isStoreAway)));
    } catch (error) {
      abandon();
      throw refusal(error, node.context.log);
    }
    return this.#prepared(abandon, () => {
      const now = node.context.timing.now();
      for (const [of, number] of held) {
        const key = numberKey(of);
        const known = this.#numbers.get(key);
        if (known === undefined) {
          const reader = new NumberReader(of, number, this.#line);
          this.#numbers.set(key, reader);
          node.context.meter.watches += 1;
          reader.begin(ref, now);
        } else {
          numbers.leave(this.#tenant, of, number);
          known.begin(ref, now);
        }
      }
    });
  }

  #prepared(abandon: () => void, begin: () => void): Prepared {
    return {
      abandon,
      begin: () => {
        if (this.#closed) {
          abandon();
          return;
        }
        begin();
        this.#shared.node.context.meter.commit();
      },
    };
  }

  #follow(set: PlaceSet, ref: string | undefined, now: number): void {
    const { node, places } = this.#shared;
    const known = this.#byName.get(set.name);
    if (known?.set === set) {
      places.leave(set);
      known.begin(ref, now);
      return;
    }
    this.#endPlace(set.name);
    const reader = new PlaceReader({
      set,
      line: this.#line,
      context: node.context,
      viewer: this.#viewer,
      onOutgrown: (of) => this.#outgrown(of),
    });
    this.#byName.set(set.name, reader);
    node.context.meter.watches += 1;
    reader.begin(ref, now);
  }

  #followTop(place: string, polled: Polled<Top>, top: number, ref: string | undefined): void {
    const { node, places } = this.#shared;
    const now = node.context.timing.now();
    const known = this.#tops.get(place);
    if (known !== undefined) {
      places.leaveTop(this.#tenant, place, polled);
      known.begin(ref, now, top);
      return;
    }
    this.#endPlace(place);
    const reader = this.#addTop(place, polled, top, false);
    reader.begin(ref, now);
  }

  #outgrown({ set }: PlaceReader): void {
    const { node, places } = this.#shared;
    this.#endPlace(set.name);
    const polled = places.enterTop(this.#tenant, set.name);
    this.#addTop(set.name, polled, TOP_MAX, true).follow(node.context.timing.now());
  }

  #addTop(place: string, polled: Polled<Top>, top: number, isTruncated: boolean): TopReader {
    const reader = new TopReader({ place, polled, line: this.#line, viewer: this.#viewer, top, isTruncated });
    this.#tops.set(place, reader);
    this.#shared.node.context.meter.watches += 1;
    return reader;
  }

  #endPlace(place: string): void {
    const { node, places } = this.#shared;
    const byName = this.#byName.get(place);
    if (byName !== undefined && this.#byName.delete(place)) {
      byName.end();
      places.leave(byName.set);
      node.context.meter.watches -= 1;
    }
    const top = this.#tops.get(place);
    if (top !== undefined && this.#tops.delete(place)) {
      top.end();
      places.leaveTop(this.#tenant, place, top.polled);
      node.context.meter.watches -= 1;
    }
  }

  #endNumber(key: string): void {
    const reader = this.#numbers.get(key);
    if (reader === undefined || !this.#numbers.delete(key)) return;
    reader.end();
    this.#shared.numbers.leave(this.#tenant, reader.of, reader.polled);
    this.#shared.node.context.meter.watches -= 1;
  }
}

const countsOf = ({ groups = [], tenant }: WatchRequest, places: readonly string[]): CountOf[] => [
  ...[...new Set(groups)].map((group) => ({ group })),
  ...places.map((place) => ({ place })),
  ...(tenant === true ? [{ tenant: true } as const] : []),
];
