import type { BaseLogger } from 'pino';
import { type UserRef, userKey } from '../domain/model.ts';
import type { EventFeed, Signal, TypingSignal } from '../events/feed.ts';
import type { Membership } from '../node/membership.ts';
import { RecentlyUsed } from '../time/recently-used.ts';
import { TokenBucket } from '../time/token-bucket.ts';

type Target = TypingSignal['to'];

/** Of a person, one for each target. */
export const targetKey = (to: Target): string => {
  if ('user' in to) return `u:${to.user}`;
  return 'group' in to ? `g:${to.group}` : `p:${to.place}`;
};

/** Said again sooner, nothing is new to the receivers: they count on six seconds. */
export const REPEAT_MS = 2000;
/** Words of one person a second, and at once. A person types in few places, on however many devices. */
export const TYPING_RATE = 5;
export const TYPING_BURST = 20;
/** After this long without a word it has ended everywhere by itself. */
const FORGET_MS = 6000;
/** People who typed lately. Beyond, who did so longest ago has a budget like new. */
const MAX_TYPISTS = 100_000;

/** The newest word of one person to one target. */
interface Word {
  readonly to: Target;
  readonly at: number;
  /** The connection that said it: the word ends with it. */
  by: object;
  readonly isPassed: boolean;
}

/** One person on this node, over all their connections. */
interface Typist {
  readonly bucket: TokenBucket;
  words: Word[];
}

/** What everybody on this node said of typing. */
export class Typists {
  readonly #people = new RecentlyUsed<Typist>({ keepMs: FORGET_MS, max: MAX_TYPISTS });

  of(ref: UserRef, now: number): Typist {
    return this.#people.use(userKey(ref), now, () => ({
      bucket: new TokenBucket(TYPING_BURST, now),
      words: [],
    }));
  }

  /** The person goes, or others see them go: what they said has ended, and is news when it is said again. */
  stop(ref: UserRef): void {
    const typist = this.#people.peek(userKey(ref));
    if (typist !== undefined) typist.words = [];
  }
}

/** The connection whose person types. */
interface TypingSession {
  readonly identity: { readonly ref: UserRef; readonly groups: readonly string[] };
  readonly host: {
    readonly clock: { monotonic(): number };
    readonly feed: Pick<EventFeed, 'signal'>;
    readonly membership: Pick<Membership, 'hiding' | 'places'>;
    readonly typists: Typists;
    readonly log: Pick<BaseLogger, 'debug'>;
  };
}

const sameTarget = (one: Target, other: Target): boolean => targetKey(one) === targetKey(other);

/** What one connection says of typing: no more often than it matters for its person, and the end of what it said. */
export class Typing {
  readonly #session: TypingSession;

  constructor(session: TypingSession) {
    this.#session = session;
  }

  /** @returns whether it was passed on, or need not be. */
  say(to: Target, on: boolean): boolean {
    const { host, identity } = this.#session;
    const now = host.clock.monotonic();
    const typist = host.typists.of(identity.ref, now);
    typist.words = typist.words.filter(({ at }) => now - at < FORGET_MS);
    const last = typist.words.find((word) => sameTarget(word.to, to));
    if (!on && last === undefined) return true;
    const isRepeat = on && last !== undefined && now - last.at < REPEAT_MS;
    if (isRepeat) last.by = this;
    if (isRepeat && last.isPassed) return true;
    // Said again by a person who was hidden a moment ago: paid for already.
    if (!isRepeat && !typist.bucket.take(TYPING_RATE, TYPING_BURST, now)) return false;
    const isPassed = on ? this.#begin(to) : last?.isPassed === true && this.#pass(to, false);
    typist.words = typist.words.filter((word) => word !== last);
    if (on) typist.words.push({ to, at: isRepeat && !isPassed ? last.at : now, by: this, isPassed });
    return true;
  }

  /** The connection ends, and with it what no other connection of the person has said again since. */
  end(): void {
    const { host, identity } = this.#session;
    const typist = host.typists.of(identity.ref, host.clock.monotonic());
    for (const { to, by, isPassed } of typist.words) if (by === this && isPassed) this.#pass(to, false);
    typist.words = typist.words.filter(({ by }) => by !== this);
  }

  /** @returns whether it was passed on. */
  #begin(to: Target): boolean {
    const { host, identity } = this.#session;
    // A person who hides, or may do so, is not there. Not even an error may reveal that others would have known.
    if (host.membership.hiding(identity.ref) !== 'visible') return false;
    // Nor is a person who is not shown in a place.
    if ('place' in to && !host.membership.places.shows(identity.ref, to.place)) return false;
    return this.#pass(to, true);
  }

  #pass(to: Target, on: boolean): true {
    const { host, identity } = this.#session;
    const { ref, groups } = identity;
    passOn(host, { type: 'typing', tenant: ref.tenant, from: ref.user, to, on, groups });
    return true;
  }
}

interface SignalHost {
  readonly feed: Pick<EventFeed, 'signal'>;
  readonly log: Pick<BaseLogger, 'debug'>;
}

/** It is never stored: what is lost with the link is lost. */
const passOn = ({ feed, log }: SignalHost, signal: Signal): void => {
  feed.signal(signal).catch((err: unknown) => log.debug({ err }, 'typing was not passed on'));
};

/**
 * The person hides: before others see them go, what they type ends, on whichever node and connection they said it. A goodbye
 * ends typing before the connection leaves; if the transition ended it, the two could be distinguished.
 */
export const silence = (host: SignalHost, { tenant, user }: UserRef): void =>
  passOn(host, { type: 'silence', tenant, from: user });
