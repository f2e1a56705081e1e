import type { History, LogRecord } from '../history/history.ts';
import type { Bounds } from '../timings.ts';
import { Faults } from './faults.ts';
import { Presence } from './presence.ts';

/** A history with what every rule needs of it. */
export class Case {
  readonly history: History;
  readonly bounds: Bounds;
  readonly faults: Faults;
  readonly people: ReadonlyMap<string, Presence>;
  /** In the order in which they were appended. */
  readonly logOf: ReadonlyMap<string, readonly LogRecord[]>;

  constructor(history: History, bounds: Bounds) {
    this.history = history;
    this.bounds = bounds;
    this.faults = new Faults(history.faults, bounds);
    this.people = new Map(
      history.users.map((user) => [user, new Presence(user, history, this.faults, bounds)]),
    );
    const logOf = new Map<string, LogRecord[]>(history.users.map((user) => [user, []]));
    for (const record of history.log) logOf.get(record.user)?.push(record);
    this.logOf = logOf;
  }

  person(user: string): Presence {
    const person = this.people.get(user);
    if (person === undefined) throw new Error(`nobody is called ${user}`);
    return person;
  }

  /** Data may have been lost between two moments, or shortly before: it takes a while until all is told again. */
  lostBetween(from: number, to: number): boolean {
    const { heal, delivery, slack } = this.bounds;
    return this.faults.list.some(
      ({ lostAt, to: until }) =>
        lostAt !== undefined && lostAt <= to && until + heal + delivery + slack >= from,
    );
  }
}
