import type { Capacity } from '../time/capacity.ts';

export interface StreamSlotsOptions {
  /** Streams that one user may have on this node. */
  readonly perUser: number;
  readonly capacity: Capacity;
}

/** A stream was refused: the user has `perUser` already, or the node takes no more connections of any kind. */
export class StreamRefused extends Error {
  readonly code: 'too_many_streams' | 'at_capacity';
  readonly perUser: number;
  constructor(code: StreamRefused['code'], perUser: number) {
    super(code);
    this.name = 'StreamRefused';
    this.code = code;
    this.perUser = perUser;
  }
}

/** Releases a slot. A second call is a no-op. */
export type Release = () => void;

/**
 * How many event streams there are and may be. A slot is taken before anything is done for a stream, so that a resume
 * that waits for the log counts as well, and calls that come together cannot all find the last one free.
 */
export class StreamSlots {
  readonly #options: StreamSlotsOptions;
  /** Only users that have one now. */
  readonly #byUser = new Map<string, number>();

  constructor(options: StreamSlotsOptions) {
    this.#options = options;
  }

  /**
   * @param user - as whom the limit counts, of one tenant.
   * @throws StreamRefused
   */
  take(user: string): Release {
    const { perUser, capacity } = this.#options;
    if ((this.#byUser.get(user) ?? 0) >= perUser) throw new StreamRefused('too_many_streams', perUser);
    if (capacity.full) throw new StreamRefused('at_capacity', perUser);
    this.#byUser.set(user, (this.#byUser.get(user) ?? 0) + 1);
    capacity.streams += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#give(user);
    };
  }

  #give(user: string): void {
    const here = this.#byUser.get(user) ?? 0;
    if (here <= 1) this.#byUser.delete(user);
    else this.#byUser.set(user, here - 1);
    this.#options.capacity.streams -= 1;
  }
}
