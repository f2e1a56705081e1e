import { encodeMember, placeFrame } from '../../protocol/encode-place.ts';
import type { Polled, PolledReader } from '../polled.ts';
import { type Viewer, visibility } from '../visibility.ts';
import type { PlaceLine, Writer } from './place-line.ts';
import { TOP_MAX, type Top } from './top.ts';

interface TopReaderOptions {
  readonly place: string;
  readonly polled: Polled<Top>;
  readonly line: PlaceLine;
  readonly viewer: Viewer;
  /** How many of those who are there longest are shown. */
  readonly top: number;
  /** It was a watch by name, which the place outgrew. */
  readonly isTruncated?: boolean;
}

/** One connection that watches who is in a place longest, and how many are there. Each frame replaces the one before. */
export class TopReader implements PolledReader<Top>, Writer {
  readonly place: string;
  readonly polled: Polled<Top>;
  readonly #options: TopReaderOptions;
  #viewer: Viewer;
  #top: number;
  #isTruncated: boolean;
  /** References of answers that were not written yet. */
  readonly #refs: (string | undefined)[] = [];
  #isOwed = false;

  constructor(options: TopReaderOptions) {
    this.#options = options;
    this.place = options.place;
    this.polled = options.polled;
    this.#viewer = options.viewer;
    this.#top = options.top;
    this.#isTruncated = options.isTruncated ?? false;
  }

  /** The value is known: sends it. @param top - how many from now on. */
  begin(ref: string | undefined, now: number, top = this.#top): void {
    this.#top = top;
    this.polled.readers.add(this);
    this.#refs.push(ref);
    this.#write(now);
  }

  /** Sends it once it is known. */
  follow(now: number): void {
    this.polled.readers.add(this);
    this.#isOwed = true;
    if (this.polled.value !== undefined) this.#write(now);
    this.polled.touch();
  }

  changed(_of: Polled<Top>, now: number): void {
    this.#isOwed = true;
    this.#write(now);
  }

  drained(now: number): void {
    if (this.#isOwed || this.#refs.length > 0) this.#write(now);
  }

  allow(viewer: Viewer, now: number): void {
    const isOther = this.#viewer.sharedOnly && !(viewer.everyone && this.#viewer.everyone);
    this.#viewer = viewer;
    if (isOther) this.changed(this.polled, now);
  }

  end(): void {
    this.polled.readers.delete(this);
    this.#refs.length = 0;
    this.#isOwed = false;
  }

  #write(now: number): void {
    const { value } = this.polled;
    if (value === undefined) return;
    do {
      if (!this.#options.line.writable(now)) return;
      this.#isOwed = false;
      this.#options.line.write(this.#frame(value, this.#refs.shift()));
      this.#isTruncated = false;
    } while (this.#refs.length > 0);
  }

  #frame({ users, total }: Top, ref: string | undefined): string {
    const { sharedOnly, everyone } = this.#viewer;
    const seen =
      sharedOnly && !everyone
        ? users.filter(({ user, groups = [] }) => visibility(this.#viewer, { user, groups }) === 'visible')
        : users;
    return placeFrame(this.place, {
      users: seen.slice(0, this.#top).map(encodeMember).join(','),
      total,
      truncated: this.#isTruncated,
      snapshot: true,
      ref,
    });
  }
}

/** What a watch by name becomes when its place outgrows it. */
export const TRUNCATED_TOP = TOP_MAX;
