import type { BaseLogger } from 'pino';
import type { UserRef } from '../domain/model.ts';
import type { EventFeed, Signal } from '../events/feed.ts';
import type { Membership } from '../node/membership.ts';
import { TokenBucket } from './token-bucket.ts';

type Target = Signal['to'];

/** Said again sooner, nothing is new to those who are told: they count on six seconds. */
const REPEAT_MS = 1000;
/** What one connection may pass on a second, and at once: whoever types does so in few places. */
const RATE = 5;
const BURST = 20;
/** After this long without a word it has ended everywhere by itself. */
const FORGET_MS = 6000;

/** The connection whose person types. */
interface Typist {
  readonly ref: UserRef;
  readonly groups: readonly string[];
  readonly host: {
    readonly clock: { monotonic(): number };
    readonly feed: Pick<EventFeed, 'signal'>;
    readonly membership: Pick<Membership, 'isInvisible'>;
    readonly log: Pick<BaseLogger, 'debug'>;
  };
}

const sameTarget = (one: Target, other: Target): boolean =>
  'user' in one ? 'user' in other && one.user === other.user : 'group' in other && one.group === other.group;

/** What one connection said of typing, so that it says it no more often than it matters, and says the end of it. */
export class Typing {
  readonly #session: Typist;
  readonly #bucket: TokenBucket;
  #running: { readonly to: Target; readonly at: number }[] = [];

  constructor(session: Typist) {
    this.#session = session;
    this.#bucket = new TokenBucket(BURST, session.host.clock.monotonic());
  }

  /** @returns whether it was passed on, or need not be. */
  say(to: Target, on: boolean): boolean {
    const now = this.#session.host.clock.monotonic();
    this.#running = this.#running.filter(({ at }) => now - at < FORGET_MS);
    const last = this.#running.find((running) => sameTarget(running.to, to));
    if (on ? last !== undefined && now - last.at < REPEAT_MS : last === undefined) return true;
    if (!this.#bucket.take(RATE, BURST, now)) return false;
    this.#running = this.#running.filter((running) => running !== last);
    if (on) this.#running.push({ to, at: now });
    this.#pass(to, on);
    return true;
  }

  /** The connection ends, and its typing with it. */
  end(): void {
    for (const { to } of this.#running) this.#pass(to, false);
    this.#running = [];
  }

  #pass(to: Target, on: boolean): void {
    const { host, ref, groups } = this.#session;
    // Who hides is not there: not even an error may tell them that others would have known.
    if (host.membership.isInvisible(ref)) return;
    const signal = { type: 'typing', tenant: ref.tenant, from: ref.user, to, on, groups } as const;
    // It is never stored: what is lost with the link is lost.
    host.feed.signal(signal).catch((err: unknown) => host.log.debug({ err }, 'typing was not passed on'));
  }
}
