import { type DeviceMask, deviceBit } from '../domain/devices.ts';
import type { Member } from './membership.ts';

/**
 * How one user's connections on this node stand to activity, by the rule that the store follows between nodes. A
 * connection opens active. One that opens within a grace, or idle beside others, inherits the user's last activity
 * until it reports its own. Otherwise a node that restarts at night would turn people `online`. Times are ms of the
 * monotonic clock; -1 for never.
 */
export class Activity {
  /** No connection here has reported yet, and they opened beside others elsewhere: the store watches the idle limit. */
  tookOver = false;
  /** The first connection here reported that it is not in use. */
  openedIdle = false;
  /** Last reported activity. */
  #last = -1;
  #idle = false;
  #idleDevices: DeviceMask = 0;
  /** Every connection that closed in the running grace was idle. */
  #leftIdle = true;
  /** The connection that opened alone, and when. While silent, it is in use until its session says otherwise. */
  #lead: Member | undefined;
  #begun = -1;
  /** Connections that opened beside others and count as active for that, until their sessions say otherwise. */
  readonly #leads = new Set<Member>();
  /** Until when the other silent ones count as in use. */
  #takenUntil = 0;

  get last(): number {
    return this.#last;
  }

  get idle(): boolean {
    return this.#idle;
  }

  /** Kinds of device that are not in use here although others are. */
  get idleDevices(): DeviceMask {
    return this.#idleDevices;
  }

  /** When the connection that was alone here and silent opened; -1 for none. */
  get begun(): number {
    return this.#lead === undefined && !this.tookOver ? Number.NEGATIVE_INFINITY : this.#begun;
  }

  get takenUntil(): number {
    return this.#takenUntil;
  }

  /**
   * A connection is about to join the others.
   * @param others - how many are here.
   * @param grace - `here`: a closed connection still counts as it was. `elsewhere`: perhaps one that closed on
   * another node does.
   * @param idleAwayMs - 0: no user is ever idle for being silent.
   */
  opens(member: Member, others: number, grace: 'none' | 'here' | 'elsewhere', idleAwayMs: number): void {
    const inGrace = grace !== 'none';
    if (others === 0 && !inGrace) {
      this.tookOver = false;
      this.#last = -1;
      this.#takenUntil = 0;
      this.openedIdle = member.openedIdle;
    }
    if (member.activeAt >= 0) return;
    if (others === 0 && !inGrace) {
      this.#begun = member.openedAt;
      this.#lead = member.openedIdle ? undefined : member;
      // Only the store knows whether the user is active elsewhere: reporting idle here would decide that.
      this.tookOver = member.openedIdle;
      if (member.openedIdle) this.#takenUntil = Number.POSITIVE_INFINITY;
      return;
    }
    if (!inGrace && !member.openedIdle) {
      // Beside others it counts as active and is reported so, because the store learns of the first opening only.
      this.#last = Math.max(this.#last, member.openedAt);
      this.#leads.add(member);
      return;
    }
    if (grace === 'elsewhere' && !member.openedIdle) {
      // Active by its opening, or as the user was elsewhere: the reports of the others here decide neither.
      this.#takenUntil = Number.POSITIVE_INFINITY;
      return;
    }
    const wasIdle = (others === 0 || this.#idle) && (!inGrace || this.#leftIdle);
    if (wasIdle) this.#takenUntil = 0;
    else if (this.tookOver || idleAwayMs === 0) this.#takenUntil = Number.POSITIVE_INFINITY;
    else this.#takenUntil = (this.#last < 0 ? this.#begun : this.#last) + idleAwayMs;
  }

  /**
   * Takes in the connections' reports, and what time has ended. @returns whether the user, or a kind of device beside
   * others, turned idle or active.
   */
  look(members: readonly Member[], now: number): boolean {
    const wasIdle = this.#idle;
    const wereIdle = this.#idleDevices;
    for (const member of members) this.#hear(member);
    let [all, used, isIdle] = [0, 0, true];
    for (const member of members) {
      const bit = deviceBit(member.device);
      all |= bit;
      if (this.#isIdle(member, now)) continue;
      isIdle = false;
      // One that opened idle leaves its user as they were, and is not in use itself.
      if (member.activeAt >= 0 || !member.openedIdle) used |= bit;
    }
    this.#idle = isIdle;
    this.#idleDevices = isIdle ? 0 : all & ~used;
    return wasIdle !== this.#idle || wereIdle !== this.#idleDevices;
  }

  /**
   * A connection has closed. Within one grace, closed connections count as active as the most active of them; the
   * last one to close leaves that behind.
   * @param grace - whether this close has one, and whether one was running.
   */
  closes(
    member: Member,
    others: readonly Member[],
    now: number,
    grace: { begins: boolean; runs: boolean },
  ): void {
    this.#hear(member);
    const wasIdle = this.#isIdle(member, now);
    if (grace.begins) this.#leftIdle = wasIdle && (!grace.runs || this.#leftIdle);
    if (others.length > 0) this.look(others, now);
    else this.#idle = grace.begins || grace.runs ? this.#leftIdle : wasIdle;
    if (this.#lead === member) this.#lead = undefined;
    this.#leads.delete(member);
  }

  /** The store answered whether the connections reported here inherited activity from elsewhere. */
  stored(tookOver: boolean): void {
    this.tookOver = tookOver;
    if (!tookOver) return;
    this.#lead = undefined;
    this.#takenUntil = this.#last < 0 ? Number.POSITIVE_INFINITY : 0;
  }

  #hear({ activeAt }: Member): void {
    if (activeAt <= this.#last) return;
    // From the first report on, this node watches the limit. Only the store knows what the silent ones inherited.
    if (this.#last < 0 && this.tookOver) this.#takenUntil = 0;
    this.#last = activeAt;
  }

  #isIdle(member: Member, now: number): boolean {
    const isFollowing = member.activeAt < 0 && member !== this.#lead && !this.#leads.has(member);
    return member.idle || (isFollowing && now >= this.#takenUntil);
  }
}
