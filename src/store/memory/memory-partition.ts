import { type DayMs, HybridClock, type StoreMicros, type StoreMs, toMs } from '../../domain/clock.ts';
import { deviceList } from '../../domain/devices.ts';
import { type Before, type Circumstances, evaluate, show } from '../../domain/evaluate.ts';
import {
  type Transition,
  type UserKey,
  type UserRef,
  userKey,
  userRef,
  type View,
} from '../../domain/model.ts';
import type { PutOut } from '../../domain/place.ts';
import { putOutUntil } from '../../domain/put-out.ts';
import { emptyRow, inUse, type Row } from '../../domain/row.ts';
import { viewOf } from '../../domain/show.ts';
import { memberOf, type PlaceBook, showPlaces } from '../../domain/show-places.ts';
import type { Command, LogEntry } from '../log-entry.ts';
import type { StoreOptions } from '../store-options.ts';
import type { GroupIndex } from './group-index.ts';
import { PlaceIndex } from './place-index.ts';

export interface MemoryPartitionOptions extends Pick<StoreOptions, 'policy' | 'lastSeen'> {
  /** Time of day, µs since the epoch; it never goes back. */
  readonly micros: () => number;
  readonly groups: GroupIndex;
  /** Called with the entries of each change, in order, once the change is done. */
  readonly publish: (entries: readonly LogEntry[]) => void;
}

/** A transition, and the version of the one before it; 0 for none. */
interface Made {
  readonly transition: Transition;
  readonly before: number;
}

/** Transitions of each user that are kept for explanations. */
const REMEMBERED = 5;

/** The time of day never goes back in one process, so both clocks are the same. */
export const timeOfDay = (time: StoreMs): DayMs => Number(time);

/** Rows of one partition, its clock, and the entries that the current change has to log. */
export class MemoryPartition {
  readonly clock: HybridClock;
  readonly placeIndex = new PlaceIndex();
  readonly rows = new Map<UserKey, Row>();
  /** Id of the newest entry, µs. */
  last = 0;
  readonly #options: MemoryPartitionOptions;
  #log: LogEntry[] = [];
  readonly #history = new Map<UserKey, readonly Made[]>();

  constructor(options: MemoryPartitionOptions) {
    this.#options = options;
    this.clock = new HybridClock(options.micros);
  }

  get micros(): StoreMicros {
    return this.#options.micros();
  }

  get now(): StoreMs {
    return toMs(this.micros);
  }

  row(ref: UserRef): Row {
    const key = userKey(ref);
    let row = this.rows.get(key);
    if (!row) {
      row = emptyRow();
      this.rows.set(key, row);
    }
    return row;
  }

  holds(ref: UserRef): boolean {
    return this.rows.has(userKey(ref));
  }

  keep(ref: UserRef, row: Row): void {
    this.rows.set(userKey(ref), row);
  }

  /** As {@link row}, but leaves nothing behind for an unknown user. */
  peek(ref: UserRef): Row {
    return this.rows.get(userKey(ref)) ?? emptyRow();
  }

  view(user: string, row: Row): View {
    return viewOf(user, row, this.#options.lastSeen);
  }

  /** With the kinds of device in use. */
  usedView(user: string, row: Row): View {
    const view = this.view(user, row);
    if (view.status === 'offline') return view;
    return { ...view, active: deviceList(inUse(row, this.now, this.#options.policy.idleAwayMs)) };
  }

  /** Rows whose deadline passed, in the order in which they passed: transitions are logged in that order. */
  due(now: StoreMs): [UserRef, Row][] {
    return [...this.rows]
      .filter(([, row]) => row.nextDeadline > 0 && row.nextDeadline <= now)
      .sort(
        ([a, one], [b, two]) =>
          one.nextDeadline - two.nextDeadline || Buffer.compare(Buffer.from(a), Buffer.from(b)),
      )
      .map(([key, row]) => [userRef(key), row]);
  }

  /** Decides what others see of a user whose inputs changed, and records what changed with it. */
  settle(ref: UserRef, row: Row, now: StoreMs, was: Before, more: Partial<Circumstances> = {}): void {
    const { policy, groups } = this.#options;
    const at = {
      now,
      today: timeOfDay(now),
      policy,
      holdUntil: 0,
      gathering: false,
      lagMs: 0,
      lagUntil: 0,
      deliberate: undefined,
      repair: false,
      ...more,
      before: was,
    };
    const { status: previous, ver: priorVer } = row;
    const change = evaluate(row, at);
    if (change) {
      const ver = this.clock.next();
      show(row, change, ver, at);
      const transition = { ...this.view(ref.user, row), tenant: ref.tenant, previous, reason: change.reason };
      this.#log.push({ id: ver, kind: 'transition', transition });
      this.#remember(ref, { transition, before: priorVer });
    }
    showPlaces(row, { ...at, reason: change?.reason }, this.#book(ref, row));
    // What others see of the user ended by its age. That is not published, as it is not for a user who left.
    const hasAged = priorVer > 0 && row.ver === 0;
    const regrouped = groups.update(ref, row.groups?.value);
    // A repaired view is not published, because watchers read again after a loss.
    if (!regrouped || change || at.repair || hasAged) return;
    this.command({ type: 'groups', ref, view: this.view(ref.user, row) });
  }

  /** When everybody was put out of a place, as long as it is remembered. */
  putOut(tenant: string, place: string): PutOut | undefined {
    const word = this.placeIndex.putOut(tenant, place);
    return word && putOutUntil(word, this.#options.policy) > timeOfDay(this.now) ? word : undefined;
  }

  /** Where the user is or no longer is in places is recorded with the change that made it so. */
  #book({ tenant, user }: UserRef, row: Row): PlaceBook {
    return {
      record: (place, change, reason, shown, replaces) => {
        const ver = this.clock.next();
        const member = memberOf(user, row, { ...shown, ver }, this.#options.lastSeen);
        const event = { ...member, tenant, place, change, reason };
        this.#log.push({ id: ver, kind: 'place', place: event, ...(replaces !== undefined && { replaces }) });
        return ver;
      },
      list: (place, since) => this.placeIndex.list(tenant, place, user, since),
      putOut: (place) => this.putOut(tenant, place),
    };
  }

  command(command: Command): void {
    this.#log.push({ id: this.clock.next(), kind: 'command', command });
  }

  /** The last transitions up to a version, newest first: each has the version of the one before it. */
  lastTransitions(ref: UserRef, ver: number): Transition[] {
    const found: Transition[] = [];
    let next = ver;
    for (const { transition, before } of this.#history.get(userKey(ref)) ?? []) {
      if (transition.ver !== next) break;
      found.push(transition);
      next = before;
    }
    return found;
  }

  #remember(ref: UserRef, made: Made): void {
    const key = userKey(ref);
    this.#history.set(key, [made, ...(this.#history.get(key) ?? [])].slice(0, REMEMBERED));
  }

  /** Drops the row: nothing in it is worth keeping. */
  drop(ref: UserRef): void {
    this.rows.delete(userKey(ref));
    this.#history.delete(userKey(ref));
    this.#options.groups.update(ref);
  }

  /** Ends the change and publishes it as a whole. */
  publish(): void {
    const entries = this.#log;
    if (entries.length === 0) return;
    this.#log = [];
    this.last = entries.at(-1)?.id ?? this.last;
    this.#options.publish(entries);
  }
}
