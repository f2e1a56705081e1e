import { check } from '../../chaos/checker/check.ts';
import type {
  ClaimStatus,
  ConnectionRecord,
  CursorRecord,
  Ending,
  FaultRecord,
  History,
  LogRecord,
  Status,
} from '../../chaos/history/history.ts';
import { boundsOf } from '../../chaos/timings.ts';
import { TIMINGS } from '../../support/timings.ts';

/** A run begins here, so that moments can be given in seconds. */
const BEGUN = 1_700_000_000_000;
/** B is 1.4 s, healing takes 2.4 s, the grace is 0.8 s; nothing is allowed for a slow machine. */
const BOUNDS = boundsOf(TIMINGS, 0);
const USER = 'user-0';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

/** A history of one user and one watcher, written by hand. Moments are seconds from the beginning. */
export class Synthetic {
  readonly history: Mutable<History> = {
    begunAt: BEGUN,
    endedAt: at(60),
    users: [USER],
    connections: [],
    claims: [],
    faults: [],
    watchers: [{ id: 0, name: 'w', slot: 2, openAt: at(0), readyAt: at(0), silences: [], degraded: [] }],
    shown: [],
    log: [],
    cursorReads: [],
    reads: [],
    memory: [],
    readiness: [],
  };
  #ids = 0;

  /** A connection from its welcome to its end, or for good. */
  connects(from: number, to?: number, how: Ending = 'close', slot = 0): this {
    const record: ConnectionRecord = {
      id: this.history.connections.length,
      user: USER,
      slot,
      dialAt: at(from) - 5,
      welcomeAt: at(from),
      isStored: true,
    };
    if (to !== undefined) record.end = { at: at(to), how };
    this.history.connections.push(record);
    return this;
  }

  /** The newest connection claims a status and is told so at once. */
  claims(when: number, status: ClaimStatus): this {
    const connection = this.history.connections.length - 1;
    this.history.claims.push({ user: USER, connection, status, at: at(when), ackAt: at(when) + 5 });
    return this;
  }

  fault(
    from: number,
    to: number,
    scope: FaultRecord['scope'],
    more: { slots?: number[]; lostAt?: number; lateAt?: number } = {},
  ): this {
    const { slots = [], lostAt, lateAt } = more;
    this.history.faults.push({
      id: this.history.faults.length,
      kind: 'fault',
      scope,
      slots,
      from: at(from),
      to: at(to),
      ...(lostAt !== undefined && { lostAt: at(lostAt) }),
      ...(lateAt !== undefined && { lateAt: at(lateAt) }),
    });
    return this;
  }

  /** A transition, which the log and the backend have at once. */
  logs(when: number, status: Status, previous: Status, more: Partial<LogRecord> = {}): this {
    this.#ids += 1;
    const id = at(when) * 1_000 + this.#ids;
    const entry = { partition: 0, gen: 'g', id, user: USER, status, previous, ver: id, reason: 'connect' };
    const record = { seenAt: at(when), at: at(when), ...entry, ...more };
    this.history.log.push(record);
    this.#reads({ kind: 'read', at: at(when), partition: 0, user: USER, ver: record.ver, id: record.id });
    return this;
  }

  /** The same, and the watcher is told a moment later. */
  turns(when: number, status: Status, previous: Status): this {
    this.logs(when, status, previous);
    return this.sees(when + 0.01, status, this.history.log.at(-1)?.ver ?? 0);
  }

  sees(when: number, status: Status, ver: number): this {
    this.history.shown.push({ at: at(when), watcher: 0, user: USER, status, ver, snapshot: false });
    return this;
  }

  /** An answer over HTTP. */
  answers(when: number, status: Status): this {
    const moment = { askedAt: at(when) - 5, answeredAt: at(when) };
    this.history.reads.push({ ...moment, slot: 0, user: USER, status });
    return this;
  }

  resets(when: number, cursor: number): this {
    this.#reads({ kind: 'reset', at: at(when), partition: 0, cursor: at(cursor) * 1_000 });
    return this;
  }

  /** The rules that were broken, each once. */
  get broken(): string[] {
    return [...new Set(check(this.history, BOUNDS).map(({ rule }) => rule))].sort();
  }

  #reads(record: CursorRecord): void {
    this.history.cursorReads.push(record);
  }
}

export const at = (seconds: number): number => BEGUN + seconds * 1_000;
