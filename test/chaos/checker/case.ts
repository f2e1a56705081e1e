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

  readonly #firstShown = new Map<string, number>();

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
    for (const { user, ver, at } of history.shown) {
      const key = `${user} ${ver}`;
      if (!this.#firstShown.has(key)) this.#firstShown.set(key, at);
    }
  }

  person(user: string): Presence {
    const person = this.people.get(user);
    if (person === undefined) throw new Error(`nobody is called ${user}`);
    return person;
  }

  /** Some Redis has a clock of its own. */
  get hasOddClocks(): boolean {
    return this.history.faults.some(({ kind }) => kind.includes('clock-behind'));
  }

  /** When a transition was decided: by the log's clock, unless that may not be the time of day; then when it was first seen. */
  momentOf({ at, seenAt, user, ver }: LogRecord): number {
    const seen = Math.min(seenAt, this.#firstShown.get(`${user} ${ver}`) ?? seenAt);
    return this.hasOddClocks ? seen : Math.min(at, seen);
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
