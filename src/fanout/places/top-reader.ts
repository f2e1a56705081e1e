import type { PlaceMember } from '../../domain/place.ts';
import { encodeMember, placeFrame } from '../../protocol/encode-place.ts';
import type { Polled, PolledReader } from '../polled.ts';
import { type Viewer, visibility } from '../visibility.ts';
import type { PlaceLine, Writer } from './place-line.ts';
import type { Top } from './top.ts';

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
  /** What was sent last, in short. */
  #sent = '';

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
    const users = this.#seen(value);
    const state = `${value.total} ${users.map(({ user, ver }) => `${user}@${ver}`).join(' ')}`;
    if (this.#refs.length === 0 && state === this.#sent && !this.#isTruncated) {
      this.#isOwed = false;
      return;
    }
    do {
      if (!this.#options.line.writable(now)) return;
      this.#isOwed = false;
      this.#options.line.write(this.#frame(users, value.total));
      this.#sent = state;
      this.#isTruncated = false;
    } while (this.#refs.length > 0);
  }

  #seen({ users }: Top): readonly PlaceMember[] {
    const { sharedOnly, everyone } = this.#viewer;
    if (!sharedOnly || everyone) return users.slice(0, this.#top);
    const seen = users.filter(
      ({ user, groups = [] }) => visibility(this.#viewer, { user, groups }) === 'visible',
    );
    return seen.slice(0, this.#top);
  }

  #frame(users: readonly PlaceMember[], total: number): string {
    return placeFrame(this.place, {
      users: users.map(encodeMember).join(','),
      total,
      truncated: this.#isTruncated,
      snapshot: true,
      ref: this.#refs.shift(),
    });
  }
}
