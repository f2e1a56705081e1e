import type { FairTurns, Work } from '../fanout/fair-turns.ts';
import type { Sink } from '../fanout/fanout.ts';
import type { WheelItem } from '../time/timer-wheel.ts';
import { TokenBucket } from '../time/token-bucket.ts';

/** Together at most 20 frames in any second: five at once, and one every 67 ms. */
const RATE = 15;
const BURST = 5;
/** Words that wait for one receiver. Beyond, the next is dropped: what is late by more than this is over. */
const MAX_WAITING = 100;
/** Receivers that are caught up with at once. */
const PIECE = 50;
/** Connections with more unread data than this are skipped: the typing would be over by then. */
const UNREAD_LIMIT = 16_384;
const LOOK_MS = 100;

/** A connection that is sent typing. */
interface Hearer extends Sink {
  readonly open: boolean;
}

interface Hearing {
  readonly bucket: TokenBucket;
  /** The newest word a person and target that was not sent yet. */
  readonly waiting: Map<string, Buffer>;
}

interface HearingsOptions {
  readonly now: () => number;
  readonly schedule: (item: WheelItem, deadline: number) => void;
  readonly turns: Pick<FairTurns, 'add'>;
}

/** Sends typing to connections, each no more often than a person can see. Of what comes faster the newest word waits. */
export class Hearings<T extends Hearer> implements WheelItem, Work {
  slot = 0;
  /** All who are behind take the turns of one person. */
  readonly person = 'typing';
  readonly #options: HearingsOptions;
  readonly #hearings = new Map<T, Hearing>();
  /** The connection served longest ago comes first. */
  readonly #behind = new Set<T>();
  /** How many of them are to be looked at until the next time. */
  #left = 0;

  constructor(options: HearingsOptions) {
    this.#options = options;
  }

  /** @param key - of the person and the target. */
  tell(listener: T, key: string, frame: Buffer): void {
    const now = this.#options.now();
    let hearing = this.#hearings.get(listener);
    if (hearing === undefined) {
      hearing = { bucket: new TokenBucket(BURST, now), waiting: new Map() };
      this.#hearings.set(listener, hearing);
    }
    const { bucket, waiting } = hearing;
    if (waiting.size === 0 && bucket.take(RATE, BURST, now)) send(listener, frame);
    else if (waiting.size < MAX_WAITING || waiting.has(key)) {
      waiting.set(key, frame);
      this.#behind.add(listener);
      this.#options.schedule(this, now + LOOK_MS);
    }
  }

  leave(listener: T): void {
    this.#hearings.delete(listener);
    this.#behind.delete(listener);
  }

  clear(): void {
    this.#hearings.clear();
    this.#behind.clear();
  }

  /** Sends what waited, as far as it is due. */
  check(now: number): number | undefined {
    const isUnderWay = this.#left > 0;
    this.#left = this.#behind.size;
    if (this.#left > 0 && !isUnderWay) this.#options.turns.add(this);
    return this.#behind.size > 0 ? now + LOOK_MS : undefined;
  }

  /** @internal A few of those who are behind. */
  run(): number {
    const now = this.#options.now();
    let looked = 0;
    for (const listener of this.#behind) {
      if (looked === PIECE) break;
      looked += 1;
      const hearing = this.#hearings.get(listener);
      this.#behind.delete(listener);
      if (hearing !== undefined && !this.#catchUp(listener, hearing, now)) this.#behind.add(listener);
    }
    this.#left = Math.min(this.#left - looked, this.#behind.size);
    if (this.#left > 0 && looked > 0) this.#options.turns.add(this);
    else this.#left = 0;
    return 1 + looked;
  }

  #catchUp(listener: T, { bucket, waiting }: Hearing, now: number): boolean {
    for (const [key, frame] of waiting) {
      if (!bucket.take(RATE, BURST, now)) return false;
      waiting.delete(key);
      send(listener, frame);
    }
    return true;
  }
}

const send = (listener: Hearer, frame: Buffer): void => {
  if (listener.open && listener.buffered <= UNREAD_LIMIT) listener.send(frame);
};
