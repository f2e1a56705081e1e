import { refusesToken } from '../domain/ending.ts';
import type { UserRef } from '../domain/model.ts';
import type { Command, Ending } from '../store/log-entry.ts';
import type { Holding } from './holding.ts';
import type { Member } from './membership.ts';
import type { Revocations } from './revocations.ts';
import type { Roster } from './roster.ts';

export interface EvictionsOptions {
  readonly roster: Pick<Roster, 'membersOf' | 'ended' | 'forget' | 'tellAgain'>;
  /** Connections that only watch: presence does not know them, but they end with the others. */
  readonly observersOf: (ref: UserRef) => readonly Member[];
  /** The hybrid clock (µs) of a user's partition at a moment of the monotonic clock (ms), rather too late than too early. */
  readonly clockAt: (ref: UserRef, moment: number) => number;
  readonly revocations: Pick<Revocations, 'learn'>;
}

/** Closes the connections that somebody ended for all nodes, and those with tokens that are refused. */
export class Evictions {
  readonly #options: EvictionsOptions;

  constructor(options: EvictionsOptions) {
    this.#options = options;
  }

  command(command: Command): void {
    if (command.type === 'claim' || command.type === 'groups') return;
    const { type, ref, at } = command;
    const { roster, clockAt, revocations } = this.#options;
    if (type === 'refuse') {
      revocations.learn(ref, at);
      return;
    }
    if (type === 'revoke') revocations.learn(ref, Math.floor(at / 1_000_000));
    // Those opened at about this moment may be meant or not: what is left is told again, and the store decides.
    this.#evict(ref, type, ({ openedAt }) => clockAt(ref, openedAt) <= at);
    if (type === 'forget') roster.forget(ref);
    else roster.ended(ref);
  }

  /** The store counted all connections as none that it was told of last. */
  ended({ ref, toldOpened }: Holding, how: Ending | 'forget'): void {
    this.#evict(ref, how, ({ openedAt }) => openedAt <= toldOpened);
  }

  /** Tokens of a user are refused from now on. @param at - when they were revoked, s. */
  refused(ref: UserRef, at: number): void {
    this.#evict(ref, 'revoke', ({ principal }) => refusesToken(at, principal.iat ?? 0));
    this.#options.roster.tellAgain(ref);
  }

  #evict(ref: UserRef, how: Ending | 'forget', isMeant: (member: Member) => boolean): void {
    const { roster, observersOf } = this.#options;
    for (const member of [...roster.membersOf(ref), ...observersOf(ref)]) {
      if (isMeant(member)) member.evict(how);
    }
  }
}
