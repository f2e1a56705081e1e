import type { Presence } from './frames.ts';
import { falseOfflines, fanout, seen } from './metrics.ts';

/** A change carries the moment it was sent in its text. */
const STAMP = /^t(\d+)$/;

export const stamped = (status: 'busy' | 'away'): object => ({
  type: 'status',
  status,
  text: `t${Date.now()}`,
  ref: 'change',
});

/** What one watcher knows, and the measurements that follow from it. */
export class Seen {
  /** Newest of each user. */
  readonly byUser = new Map<string, Presence>();
  readonly #alwaysHere: (user: string) => boolean;
  /** Who was shown present: only they can be shown offline wrongly. */
  readonly #present = new Set<string>();
  #isOver = false;

  /** @param alwaysHere - users who never leave for longer than the grace while the scenario lasts. */
  constructor(alwaysHere: (user: string) => boolean = () => false) {
    this.#alwaysHere = alwaysHere;
  }

  /** From now on people may leave. */
  over(): void {
    this.#isOver = true;
  }

  take(users: readonly Presence[], isSnapshot: boolean): void {
    for (const presence of users) {
      const { user, status, text = '', ver } = presence;
      if (ver < (this.byUser.get(user)?.ver ?? 0)) continue;
      this.byUser.set(user, presence);
      if (status !== 'offline') this.#present.add(user);
      else if (!this.#isOver && this.#present.has(user) && this.#alwaysHere(user)) {
        falseOfflines.add(1);
        console.error(`${user} was shown offline`);
      }
      const sentAt = STAMP.exec(text)?.[1];
      if (isSnapshot || sentAt === undefined) continue;
      seen.add(1);
      fanout.add(Date.now() - Number(sentAt));
    }
  }
}
