/** What the feed said of a user while reads were under way. Numbers are places in {@link Readings.now}. */
interface Told {
  groupsAt: number;
  /** Version at which the feed sent the groups. */
  groupsVer: number;
  forgottenAt: number;
  /** Moment of the forgetting, µs of the clock that also gives versions. */
  forgotten: number;
}

/** Users sent by the feed that are kept although some reads that needed them ended. */
const KEPT = 1000;

/** One read of the store: what comes back for it may be older than what the feed said since it began. */
export class Reading {
  /** Rises from reading to reading. */
  readonly began: number;
  readonly #readings: Readings;

  constructor(readings: Readings, began: number) {
    this.#readings = readings;
    this.began = began;
  }

  /** The answer for a user is from before everything of them was forgotten. */
  isForgotten(user: string, ver: number): boolean {
    const told = this.#readings.told(user);
    return told !== undefined && told.forgottenAt > this.began && ver <= told.forgotten;
  }

  /** The feed has sent the groups of a user since, as of this version or later. */
  isRegrouped(user: string, ver: number): boolean {
    const told = this.#readings.told(user);
    return told !== undefined && told.groupsAt > this.began && ver <= told.groupsVer;
  }

  /** The feed has sent something of a user's groups since, or that the user is forgotten. */
  isTold(user: string): boolean {
    const told = this.#readings.told(user);
    return told !== undefined && Math.max(told.groupsAt, told.forgottenAt) > this.began;
  }

  end(): void {
    this.#readings.ended(this);
  }
}

/** The reads of one tenant under way, and what the feed says of its users meanwhile. */
export class Readings {
  #now = 1;
  readonly #open = new Set<Reading>();
  readonly #told = new Map<string, Told>();

  /** Reads that begin from now on have a greater number. */
  get now(): number {
    return this.#now;
  }

  begin(): Reading {
    this.#now += 1;
    const reading = new Reading(this, this.#now);
    this.#open.add(reading);
    return reading;
  }

  ended(reading: Reading): void {
    this.#open.delete(reading);
    const [oldest] = this.#open;
    if (oldest === undefined) this.#told.clear();
    else if (this.#told.size > KEPT) this.#prune(oldest.began);
  }

  regrouped(user: string, ver: number): void {
    const told = this.#note(user);
    if (told === undefined) return;
    told.groupsAt = this.#now;
    told.groupsVer = Math.max(told.groupsVer, ver);
  }

  forgotten(user: string, at: number): void {
    const told = this.#note(user);
    if (told === undefined) return;
    told.forgottenAt = this.#now;
    told.forgotten = at;
  }

  told(user: string): Told | undefined {
    return this.#told.get(user);
  }

  /** Without a read under way they are not needed. */
  #note(user: string): Told | undefined {
    if (this.#open.size === 0) return undefined;
    this.#now += 1;
    const told = this.#told.get(user) ?? { groupsAt: 0, groupsVer: 0, forgottenAt: 0, forgotten: 0 };
    this.#told.set(user, told);
    return told;
  }

  #prune(before: number): void {
    for (const [user, { groupsAt, forgottenAt }] of this.#told) {
      if (Math.max(groupsAt, forgottenAt) < before) this.#told.delete(user);
    }
  }
}
