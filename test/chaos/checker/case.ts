import type { History, LogRecord } from '../history/history.ts';
import type { Bounds } from '../timings.ts';
import { Faults } from './allowances.ts';
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

  /** When a transition was decided: by the log's clock, unless that may not be the time of day; then when it was first seen. */
  momentOf({ at, seenAt, user, ver }: LogRecord): number {
    const seen = Math.min(seenAt, this.#firstShown.get(`${user} ${ver}`) ?? seenAt);
    return this.faults.hasOddClocks ? seen : Math.min(at, seen);
  }
}
