import { countKey, type Key, keyOf } from '../core/keys.ts';
import type { State, Want } from '../core/state.ts';
import type {
  CountOf,
  CountView,
  MembersOf,
  MembersView,
  NotKnown,
  PlaceView,
  TypingTarget,
  Unknown,
  View,
} from '../types.ts';

/** What is shown of something held, fresh and stale: made once, so that it is the same object until it changes. */
const caches = { fresh: new WeakMap<object, object>(), stale: new WeakMap<object, object>() };

const shown = <Shown extends object>(held: object, stale: boolean, make: () => Shown): Shown => {
  const cache = caches[stale ? 'stale' : 'fresh'];
  let value = cache.get(held);
  if (value === undefined) {
    value = Object.freeze(make());
    cache.set(held, value);
  }
  return value as Shown;
};

const reasons = new Map<Unknown, NotKnown>();

/** One frozen object for each reason. */
const notKnown = (why: Unknown): NotKnown => {
  const made = reasons.get(why) ?? Object.freeze({ known: false, why });
  reasons.set(why, made);
  return made;
};

const whyOf = (want: Want): Unknown => (want.phase === 'refused' ? (want.why ?? 'invalid') : 'loading');

/** Nobody types. */
const NOBODY: readonly string[] = Object.freeze([]);

/** Reads what a client shows. @param isTaken - keys that were asked for a moment ago. */
export class Readers {
  readonly #state: () => State;
  readonly #isTaken: (key: Key) => boolean;

  constructor(state: () => State, isTaken: (key: Key) => boolean) {
    this.#state = state;
    this.#isTaken = isTaken;
  }

  #isStale(epoch: number): boolean {
    const { degraded, staleBelow } = this.#state();
    return degraded || epoch < staleBelow;
  }

  #unknown(key: Key): NotKnown {
    const want = this.#state().wants.get(key);
    if (want) return notKnown(whyOf(want));
    return notKnown(this.#isTaken(key) ? 'loading' : 'unwatched');
  }

  view(user: string): View {
    const held = this.#state().views.get(user);
    if (!held) return this.#unknown(keyOf({ user }));
    const stale = this.#isStale(held.epoch);
    return shown(held.value, stale, () => ({ known: true, stale, presence: held.value }));
  }

  members(of: MembersOf): MembersView {
    const key = keyOf(of);
    const { users, epoch } = this.#state().crowds.get(key) ?? { epoch: 0 };
    if (!users) return this.#unknown(key);
    const stale = this.#isStale(epoch);
    return shown(users, stale, () => ({ known: true, stale, users: Object.freeze([...users]) }));
  }

  place(place: string): PlaceView {
    const { room, epoch } = this.#state().rooms.get(place) ?? { epoch: 0 };
    if (!room) return this.#unknown(keyOf({ place }));
    const stale = this.#isStale(epoch);
    return shown(room, stale, () => {
      const members = [...room.members.values()].sort((a, b) => ((a.since ?? '') < (b.since ?? '') ? -1 : 1));
      const { total = members.length, truncated } = room;
      return { known: true, stale, members: Object.freeze(members), total, truncated };
    });
  }

  count(of: CountOf): CountView {
    const key = countKey(of);
    const held = this.#state().counts.get(key);
    if (!held) return this.#unknown(key);
    const stale = this.#isStale(held.epoch);
    return shown(held.value, stale, () => ({ known: true, stale, numbers: held.value }));
  }

  typingIn(target: TypingTarget): readonly string[] {
    const people = this.#state().heard.get(keyOf(target));
    return people ? shown(people, false, () => [...people.keys()]) : NOBODY;
  }
}
