import { encodeLeft } from '../../protocol/encode-place.ts';
import type { FanoutContext } from '../context.ts';
import { type Viewer, visibility } from '../visibility.ts';
import { PlaceFrame } from './place-frame.ts';
import type { PlaceLine, Writer } from './place-line.ts';
import type { PlaceRecord } from './place-record.ts';
import type { PlaceSet, PlaceSetReader } from './place-set.ts';
import type { PlaceStreamReader } from './place-stream.ts';

interface PlaceReaderOptions {
  readonly set: PlaceSet;
  readonly line: PlaceLine;
  readonly context: FanoutContext;
  readonly viewer: Viewer;
  /** There are too many people in the place: the watch by name is over. */
  readonly onOutgrown: (reader: PlaceReader) => void;
}

/**
 * One connection that watches a place by name: the snapshot, then every later state. It keeps no data, only how
 * far it was sent the changes, so a connection that does not read costs the same however much happens.
 */
export class PlaceReader implements PlaceStreamReader, PlaceSetReader, Writer {
  cursor = 0;
  readonly set: PlaceSet;
  readonly #options: PlaceReaderOptions;
  /** Snapshots asked for that were not sent whole. */
  readonly #answers: (string | undefined)[] = [];
  /** Of the snapshot under way, whom it has still to show. */
  #unsent: Iterator<PlaceRecord> | undefined;
  #viewer: Viewer;
  /** Whom the connection was shown; kept only where it may not see everybody. */
  #shown: Set<string> | undefined;
  #isFollowing = false;

  constructor(options: PlaceReaderOptions) {
    this.#options = options;
    this.set = options.set;
    this.#viewer = options.viewer;
  }

  /** Everything is known: sends the snapshot. */
  begin(ref: string | undefined, now: number): void {
    this.set.readers.add(this);
    this.set.stream.readers.add(this);
    this.#answers.push(ref);
    this.#write(now);
  }

  pull(now: number): void {
    if (!this.#isFollowing) return;
    const { set } = this;
    while (this.cursor < set.stream.head) {
      if (!this.#options.line.writable(now)) return;
      if (this.#isFiltered) this.#pullOwn();
      else {
        const part = set.stream.part(this.cursor);
        this.#options.line.write(part.frame);
        this.cursor = part.to;
      }
      if (this.#options.context.windowMs > 0) break;
    }
    if (this.cursor < set.stream.head) set.stream.wake(now);
  }

  startOver(now: number): void {
    this.cursor = this.set.stream.head;
    if (this.#answers.length === 0) this.#answers.push(undefined);
    this.#unsent = undefined;
    this.#write(now);
  }

  drained(now: number): void {
    if (this.#answers.length > 0) this.#write(now);
    else if (this.#isFollowing && this.cursor < this.set.stream.head) this.set.stream.wake(now);
  }

  /** Another token may see other people: those it may not show any more are taken away. */
  allow(viewer: Viewer, now: number): void {
    const wasFiltered = this.#isFiltered;
    this.#viewer = viewer;
    if (wasFiltered || this.#isFiltered) this.startOver(now);
  }

  memberRegrouped(_set: PlaceSet, record: PlaceRecord, now: number): void {
    if (!this.#isFiltered || this.#shown === undefined) return;
    if (this.#maySee(record) === this.#shown.has(record.user)) return;
    this.startOver(now);
  }

  placeOutgrown(): void {
    this.#options.onOutgrown(this);
  }

  /** Watches no longer. */
  end(): void {
    this.set.readers.delete(this);
    this.set.stream.leave(this);
    this.#answers.length = 0;
    this.#isFollowing = false;
  }

  get #isFiltered(): boolean {
    return this.#viewer.sharedOnly && !this.#viewer.everyone;
  }

  #maySee({ user, member }: PlaceRecord): boolean {
    if (!this.#isFiltered) return true;
    return visibility(this.#viewer, { user, groups: member?.groups ?? [] }) === 'visible';
  }

  #write(now: number): void {
    while (this.#answers.length > 0) {
      if (!this.#options.line.writable(now)) return;
      if (this.#unsent === undefined) {
        this.#isFollowing = false;
        this.cursor = this.set.stream.head;
        this.#shown = this.#isFiltered ? new Set() : undefined;
        this.#unsent = [...this.set.members.values()].values();
      }
      this.#options.line.write(this.#nextFrame(this.#unsent));
      if (this.#unsent === undefined) this.#answers.shift();
    }
    this.#isFollowing = true;
    if (this.cursor < this.set.stream.head) this.set.stream.wake(now);
  }

  #nextFrame(unsent: Iterator<PlaceRecord>): string {
    const frame = new PlaceFrame(this.#options.context.tuning);
    let isOver = false;
    while (!frame.full && !isOver) {
      const { value: record, done } = unsent.next();
      isOver = done === true;
      // Who has left meanwhile is no part of it.
      if (record?.member === undefined || !this.#maySee(record)) continue;
      this.#shown?.add(record.user);
      frame.add(record);
    }
    if (isOver) this.#unsent = undefined;
    return frame.snapshot(this.set.name, this.#answers[0], !isOver);
  }

  /** As the frame that others share, without those who may not be seen. */
  #pullOwn(): void {
    const frame = new PlaceFrame(this.#options.context.tuning);
    let to = this.set.stream.head;
    let passed = this.cursor;
    for (const record of this.set.stream.after(this.cursor)) {
      if (frame.full) {
        to = passed;
        break;
      }
      passed = record.seq;
      const wasShown = this.#shown?.has(record.user) === true;
      if (record.member !== undefined && this.#maySee(record)) {
        this.#shown?.add(record.user);
        frame.add(record);
      } else if (wasShown) {
        this.#shown?.delete(record.user);
        if (record.member === undefined) frame.add(record);
        else frame.addLeft(encodeLeft(record.user, Math.floor(record.ver / 1000), record.ver));
      }
    }
    this.cursor = to;
    if (frame.size > 0) this.#options.line.write(Buffer.from(frame.changes(this.set.name)));
  }
}
