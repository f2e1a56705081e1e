import { issuedBy } from '../auth/principal.ts';
import { refusesToken } from '../domain/ending.ts';
import type { TokenOwner } from '../domain/model.ts';
import type { AnyEnding, EndingKind } from '../domain/row.ts';
import type { Command } from '../store/log-entry.ts';
import type { Holding } from './holding.ts';
import type { Evictable } from './membership.ts';
import type { Observers } from './observers.ts';
import type { Partitions } from './partitions.ts';
import type { Revocations } from './revocations.ts';
import type { Roster } from './roster.ts';

export interface EvictionsOptions {
  readonly roster: Pick<Roster, 'membersOf' | 'ended' | 'forget' | 'refused'>;
  /** Connections that only watch: they are not part of presence, but end with the others. */
  readonly observers: Pick<Observers, 'of'>;
  readonly partitions: Pick<Partitions, 'latestAt'>;
  readonly revocations: Pick<Revocations, 'learn'>;
}

/** Closes the connections that an operator or the person ended for all nodes, and those with refused tokens. */
export class Evictions {
  readonly #options: EvictionsOptions;

  constructor(options: EvictionsOptions) {
    this.#options = options;
  }

  command(command: Command): void {
    if (command.type === 'claim' || command.type === 'note') return;
    if (command.type === 'groups' || command.type === 'own' || command.type === 'put_out') return;
    const { roster, partitions, revocations } = this.#options;
    if (command.type === 'refuse') {
      revocations.learn(command.ref, command.at);
      return;
    }
    if (command.type === 'disconnect_device') {
      const { ref, at, device } = command;
      this.#evict(
        ref,
        'disconnect',
        (one) => one.device === device && partitions.latestAt(ref, one.openedAt) * 1000 <= at,
      );
      roster.ended(ref, device);
      return;
    }
    const { type, at, ref } = command;
    if (type === 'revoke') revocations.learn(ref, Math.floor(at / 1_000_000));
    // A service is never present: its connections were closed because of its token.
    if (ref.service !== undefined) return;
    // Connections opened at about this moment may or may not be meant: what is left is reported again, and the store
    // decides.
    this.#evict(ref, type, ({ openedAt }) => partitions.latestAt(ref, openedAt) * 1000 <= at);
    if (type === 'forget') roster.forget(ref);
    else roster.ended(ref);
  }

  /** The store counted all connections of the last report as none. */
  ended({ ref, toldOpened }: Holding, how: AnyEnding): void {
    const wasTold = ({ openedAt }: Evictable): boolean => openedAt <= toldOpened;
    if (how !== 'disconnect_device') {
      this.#evict(ref, how, wasTold);
      return;
    }
    // Those that only watch were not reported, and may be on a device of another kind.
    for (const member of [...this.#options.roster.membersOf(ref)])
      if (wasTold(member)) member.evict('disconnect');
  }

  /** Some tokens are refused from now on. @param at - s, see `Revocation`. */
  refused(owner: TokenOwner, at: number): void {
    this.#evict(owner, 'revoke', ({ principal }) => refusesToken(at, issuedBy(principal)));
    if (owner.service === undefined) this.#options.roster.refused(owner, at);
  }

  #evict(owner: TokenOwner, how: EndingKind, isMeant: (connection: Evictable) => boolean): void {
    const { roster, observers } = this.#options;
    const members = owner.service === undefined ? roster.membersOf(owner) : [];
    for (const connection of [...members, ...observers.of(owner)]) {
      if (isMeant(connection)) connection.evict(how);
    }
  }
}
