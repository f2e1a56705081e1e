import { type Transition, type UserKey, type UserRef, userKey } from '../domain/model.ts';
import type { Command } from '../events/feed.ts';
import type { Metrics } from '../observability/metrics.ts';
import { type ClaimRequest, type SelfView, StoreError } from '../store/presence-store.ts';
import { DeadlineQueue, Waiter } from './deadline-queue.ts';
import type { Flusher } from './flusher.ts';
import { Holding } from './holding.ts';
import type { Leaving, Member, Membership } from './membership.ts';

export interface RosterOptions {
  readonly partitionOf: (ref: UserRef) => number;
  /** The partition's hybrid clock now, µs: stamps of own claims. */
  readonly clockOf: (partition: number) => number;
  /** Whether the store answers: a sign-in does not wait for one that does not. */
  readonly storeAnswers: () => boolean;
  readonly flusher: Pick<Flusher, 'mark' | 'unmark' | 'isPending'>;
  readonly graceMs: number;
  readonly drainGraceMs: number;
  readonly ttlMs: number;
  readonly commandTimeoutMs: number;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly metrics: Metrics;
}

/** How long a sign-in waits for the store before it is welcomed without knowing its own status, ms. */
const WELCOME_MS = 1000;

/** Who is connected to this node, and whom the store may still have to be told about. Plain memory. */
export class Roster implements Membership {
  readonly #options: RosterOptions;
  readonly #holdings = new Map<UserKey, Holding>();
  /** Users nobody is connected for any more, kept so that their grace survives a loss of the store's data. */
  readonly #lingering = new Set<Holding>();
  readonly #welcomes: DeadlineQueue;
  readonly #claims: DeadlineQueue;

  constructor(options: RosterOptions) {
    this.#options = options;
    this.#welcomes = new DeadlineQueue(WELCOME_MS, options.now);
    this.#claims = new DeadlineQueue(options.commandTimeoutMs, options.now);
  }

  get users(): number {
    return this.#holdings.size - this.#lingering.size;
  }

  join(member: Member): Promise<SelfView | undefined> {
    const holding = this.#hold(member.ref);
    this.#lingering.delete(holding);
    holding.add(member);
    this.#count();
    if (!this.#options.storeAnswers()) {
      this.#options.flusher.mark(holding, false);
      return Promise.resolve(undefined);
    }
    return new Promise((resolve) => {
      const waiter = new Waiter(
        () => resolve(holding.self),
        () => resolve(undefined),
      );
      holding.waiters.push(waiter);
      this.#welcomes.add(waiter);
      this.#options.flusher.mark(holding, false);
    });
  }

  leave(member: Member, how: Leaving): void {
    const { now, graceMs, drainGraceMs, flusher } = this.#options;
    const holding = this.#holdings.get(userKey(member.ref));
    if (!holding) return;
    holding.remove(member, how, now(), how === 'drain' ? drainGraceMs : graceMs);
    if (holding.members.length === 0 && !holding.sent) {
      // The store never heard of this connection, so there is nothing to take back.
      flusher.unmark(holding);
      this.#drop(holding);
      return;
    }
    if (holding.members.length === 0) this.#lingering.add(holding);
    this.#count();
    flusher.mark(holding, how === 'goodbye');
  }

  renewed(member: Member): void {
    const holding = this.#holdings.get(userKey(member.ref));
    if (!holding) return;
    holding.learn(member);
    this.#options.flusher.mark(holding, false);
  }

  touched(member: Member): void {
    const holding = this.#holdings.get(userKey(member.ref));
    if (!holding) return;
    const { idle, spoke } = holding;
    holding.touch(member);
    const firstWord = !spoke && holding.spoke && holding.tookOver;
    if (idle !== holding.idle || firstWord) this.#options.flusher.mark(holding, true);
  }

  claim(ref: UserRef, claim: ClaimRequest): Promise<void> {
    const holding = this.#hold(ref);
    const clock = this.#options.clockOf(holding.partition);
    holding.claim = { ...claim, stamp: Math.max(clock, (holding.claim?.stamp ?? 0) + 1) };
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(resolve, () =>
        reject(new StoreError('unavailable', 'the status was not stored in time; it may still take effect')),
      );
      holding.waiters.push(waiter);
      this.#claims.add(waiter);
      this.#options.flusher.mark(holding, true);
    });
  }

  membersOf(ref: UserRef): readonly Member[] {
    return this.#holdings.get(userKey(ref))?.members ?? [];
  }

  /** The store has what this node told of a user. */
  stored(holding: Holding, self: SelfView | undefined, tookOver: boolean): void {
    holding.tookOver = tookOver;
    holding.profileStored();
    if (self && self.view.ver >= (holding.self?.view.ver ?? 0)) holding.self = self;
    if (self?.claim) this.#takeClaim(holding, self.claim);
    if (holding.self && holding.claim) {
      holding.self = {
        ...holding.self,
        invisible: holding.claim.status === 'invisible',
        claim: holding.claim,
      };
    }
    if (holding.members.length === 0) this.#expire(holding);
  }

  /** A transition of anybody: those held here know their newest view, which restores a lost row. */
  transition(transition: Transition): void {
    const holding = this.#holdings.get(userKey(transition));
    if (!holding?.self || transition.ver <= holding.self.view.ver) return;
    const { tenant: _, previous: __, reason: ___, groups: ____, ...view } = transition;
    holding.self = { ...holding.self, view };
  }

  command(command: Command): void {
    const holding = this.#holdings.get(userKey(command.ref));
    if (holding) this.#takeClaim(holding, command.claim);
  }

  /** Everybody held in a partition has to be told again, and taken back who the store lists but nobody holds. */
  reassert(partition: number, listed: readonly UserRef[]): void {
    for (const ref of listed) {
      const holding = this.#hold(ref);
      holding.sent = true;
      if (holding.members.length === 0) this.#lingering.add(holding);
    }
    for (const holding of this.#holdings.values()) {
      if (holding.partition !== partition) continue;
      holding.reassert();
      this.#options.flusher.mark(holding, false);
    }
  }

  /** Forgets users whose grace and lease are over, and counts the others. Called with every heartbeat. */
  expire(): void {
    for (const holding of this.#lingering) this.#expire(holding);
    const counts = { online: 0, away: 0, busy: 0, offline: 0 };
    for (const { members, self } of this.#holdings.values()) {
      if (members.length > 0 && self) counts[self.view.status] += 1;
    }
    const { usersOnline } = this.#options.metrics;
    usersOnline.set({ status: 'online' }, counts.online);
    usersOnline.set({ status: 'away' }, counts.away);
    usersOnline.set({ status: 'busy' }, counts.busy);
  }

  stop(): void {
    this.#welcomes.stop();
    this.#claims.stop();
  }

  #hold(ref: UserRef): Holding {
    const key = userKey(ref);
    let holding = this.#holdings.get(key);
    if (!holding) {
      holding = new Holding(key, ref, this.#options.partitionOf(ref));
      this.#holdings.set(key, holding);
    }
    return holding;
  }

  #takeClaim(holding: Holding, claim: NonNullable<SelfView['claim']>): void {
    if (claim.stamp <= (holding.claim?.stamp ?? 0)) return;
    holding.claim = claim;
    if (holding.self) holding.self = { ...holding.self, invisible: claim.status === 'invisible', claim };
  }

  #expire(holding: Holding): void {
    const { flusher, now, ttlMs } = this.#options;
    if (flusher.isPending(holding) || holding.keepUntil(ttlMs) > now()) return;
    this.#drop(holding);
  }

  #drop(holding: Holding): void {
    this.#lingering.delete(holding);
    if (this.#holdings.get(holding.key) === holding) this.#holdings.delete(holding.key);
    this.#count();
  }

  #count(): void {
    this.#options.metrics.users.set(this.users);
  }
}
