import type { View } from '../domain/model.ts';
import {
  changeFrame,
  encodePresence,
  type SnapshotPart,
  snapshotFrame,
} from '../protocol/encode-presence.ts';
import { membersFrame } from '../protocol/server-frames.ts';
import type { DueQueue } from '../time/due-queue.ts';
import type { FanoutLog } from './fanout-log.ts';
import type { Meter } from './meter.ts';
import type { ViewRecord } from './views/view-record.ts';

/** Frames of member changes that are kept: those of the groups that change at the moment. */
const MEMBERS_KEPT = 8;

/** A frame that says who joined and left a group. */
interface MembersFrame {
  readonly set: object;
  readonly joined: readonly string[];
  readonly left: readonly string[];
  readonly frame: Buffer;
}

/** Turns views into JSON, each at most once, however many watch it, and into frames. */
export class Encoder {
  readonly #meter: Meter;
  readonly #cooling: DueQueue<ViewRecord>;
  readonly #log: FanoutLog;
  /** The frame composed last: connections that watch the same users mostly need the same one after another. */
  #last: { readonly records: readonly ViewRecord[]; readonly frame: Buffer } | undefined;

  /** The member changes composed last: most connections that watch a group need the same ones one after another. */
  readonly #members: MembersFrame[] = [];

  /** @param cooling - takes the frame off a record a while after it was made: it is not sent again by then. */
  constructor(meter: Meter, cooling: DueQueue<ViewRecord>, log: FanoutLog) {
    this.#meter = meter;
    this.#cooling = cooling;
    this.#log = log;
  }

  /** A record is encoded when it is first written, so this is also where its way from the store ends. */
  json(record: ViewRecord): string {
    if (record.json === undefined) {
      record.json = this.#encode(record.view);
      this.#meter.encoded += 1;
      if (record.madeAt > 0) this.#meter.firstWrite(record.madeAt);
    }
    return record.json;
  }

  /** The frame with one change: one buffer for every socket. */
  change(record: ViewRecord, now: number): Buffer {
    if (record.frame === undefined) {
      record.frame = Buffer.from(changeFrame(this.json(record)));
      this.#cooling.add(record, now);
    }
    return record.frame;
  }

  /** The frame with these changes; the array is kept. */
  changes(records: readonly ViewRecord[], now: number): Buffer {
    const [first] = records;
    if (records.length === 1 && first !== undefined) return this.change(first, now);
    if (this.#last === undefined || !same(this.#last.records, records)) {
      this.#last = { records, frame: Buffer.from(changeFrame(this.#joined(records))) };
    }
    return this.#last.frame;
  }

  snapshot(records: readonly ViewRecord[], part: SnapshotPart): string {
    return snapshotFrame(this.#joined(records), part);
  }

  /** Who joined and left a group, encoded once for all connections that need the same frame; the arrays are kept. */
  members(set: { readonly name: string }, joined: readonly string[], left: readonly string[]): Buffer {
    const found = this.#members.find(
      (one) => one.set === set && same(one.joined, joined) && same(one.left, left),
    );
    if (found !== undefined) return found.frame;
    const frame = Buffer.from(
      membersFrame({
        group: set.name,
        ...(joined.length > 0 && { joined }),
        ...(left.length > 0 && { left }),
      }),
    );
    if (this.#members.length === MEMBERS_KEPT) this.#members.shift();
    this.#members.push({ set, joined, left, frame });
    return frame;
  }

  #joined(records: readonly ViewRecord[]): string {
    return records.map((record) => this.json(record)).join(',');
  }

  #encode(view: View): string {
    try {
      return encodePresence(view);
    } catch (err) {
      // A damaged row has an invalid time. The rest is sent, and no frame of another user is lost.
      this.#log.error({ err }, 'a view could not be encoded');
      return JSON.stringify({ user: view.user, status: view.status, ver: view.ver });
    }
  }
}

const same = <T>(some: readonly T[], others: readonly T[]): boolean =>
  some.length === others.length && some.every((item, at) => item === others[at]);
