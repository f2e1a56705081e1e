/** How long after a clock ran out its end is still awaited. */
const OVERTIME_MS = 10_000;

/**
 * The clocks of people whose last connection known here is gone but who are still shown as present. They are this
 * page's own reckoning from the configured periods: the truth is the transition, or that none comes.
 */
export class Graces {
  #clocks = new Map();

  /** @param clock - `{ user, at, deadline, how }`; with `bound` the deadline is the latest, not the expected moment */
  begin(clock) {
    this.#clocks.set(clock.user, clock);
  }

  /** @returns the clock that was running, if one was */
  end(user) {
    const clock = this.#clocks.get(user);
    this.#clocks.delete(user);
    return clock;
  }

  /** The running clock of a user; one long past its end is given up: something of theirs elsewhere is alive. */
  of(user, now) {
    const clock = this.#clocks.get(user);
    if (clock !== undefined && now > clock.deadline + OVERTIME_MS) {
      this.#clocks.delete(user);
      return undefined;
    }
    return clock;
  }

  get running() {
    return this.#clocks.size > 0;
  }
}
