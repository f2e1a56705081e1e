/** The two clocks of this machine. */
export interface Clock {
  /** ms; never goes back, and means nothing outside this process. For whatever waits, expires or is measured here. */
  monotonic(): number;
  /** ms since the epoch; may be set to another time at any moment. For the ends of tokens and claims, and for people. */
  wall(): number;
}

export const systemClock: Clock = { monotonic: () => performance.now(), wall: () => Date.now() };
