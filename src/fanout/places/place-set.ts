import type { PlaceMember } from '../../domain/place.ts';
import type { FanoutContext } from '../context.ts';
import type { SharedRead } from '../tenant/shared-read.ts';
import { PlaceRecord } from './place-record.ts';
import { PlaceStream } from './place-stream.ts';

/** A connection that watches a place by name. */
export interface PlaceSetReader {
  /** There are more people in it than can be watched by name. */
  placeOutgrown(set: PlaceSet): void;
  /** Others may see other people than before: the groups of a user changed. */
  memberRegrouped(set: PlaceSet, record: PlaceRecord, now: number): void;
}

/** What the feed sent since a reading began: newer than what is read. */
type Told = Map<string, number>;

/**
 * Who is in a watched place, as others see it: read once, and kept by the feed as long as a connection needs it. The
 * object is the generation of what is read for it.
 */
export class PlaceSet {
  readonly tenant: string;
  readonly name: string;
  readonly members = new Map<string, PlaceRecord>();
  readonly readers = new Set<PlaceSetReader>();
  readonly stream: PlaceStream;
  readonly reading: SharedRead;
  /** Connections that watch it, and watches that wait to. */
  interest = 0;
  complete = false;
  readonly #told = new Set<Told>();

  constructor(
    tenant: string,
    name: string,
    context: FanoutContext,
    most: number,
    reading: (set: PlaceSet) => SharedRead,
  ) {
    this.tenant = tenant;
    this.name = name;
    this.stream = new PlaceStream(name, context, 2 * most);
    this.reading = reading(this);
  }

  /** A user entered or said other data. @returns whether it is news. */
  entered(member: PlaceMember): boolean {
    const record = this.members.get(member.user) ?? new PlaceRecord(member.user);
    if (member.ver <= record.ver) return false;
    record.enter(member);
    this.members.set(member.user, record);
    this.stream.touch(record);
    return true;
  }

  /** @param at - when, ms. @returns whether it is news. */
  left(user: string, at: number, ver: number): boolean {
    const record = this.members.get(user);
    if (record === undefined || ver <= record.ver) return false;
    record.leave(at, ver);
    this.members.delete(user);
    this.stream.touch(record);
    return true;
  }

  /** The feed sent something of a user, up to this version. */
  tell(user: string, ver: number): void {
    for (const told of this.#told) told.set(user, Math.max(ver, told.get(user) ?? 0));
  }

  /** Remembers what the feed sends until the reading ends. @returns what takes the reading's result, and what ends it. */
  begin(): { take(members: readonly PlaceMember[], now: number): void; end(): void } {
    const told: Told = new Map();
    this.#told.add(told);
    return {
      take: (members, now) => this.#take(members, told, now),
      end: () => {
        this.#told.delete(told);
      },
    };
  }

  /** Of whom the feed has sent something since the reading began, the newer of the two counts. */
  #take(members: readonly PlaceMember[], told: Told, now: number): void {
    const read = new Set<string>();
    let isNews = false;
    for (const member of members) {
      read.add(member.user);
      if ((told.get(member.user) ?? 0) >= member.ver) continue;
      if (this.entered(member)) isNews = true;
    }
    for (const record of [...this.members.values()]) {
      if (read.has(record.user) || told.has(record.user)) continue;
      // Their leaving was lost with data, or is still to come under a greater version.
      if (this.left(record.user, Math.floor(record.ver / 1000), record.ver + 1)) isNews = true;
    }
    this.complete = true;
    if (isNews) this.stream.wake(now);
  }
}
