import type { Reason, Status, View } from '../../../../src/domain/model.ts';
import type { Command, LoggedTransition } from '../../../../src/events/feed.ts';

export const TENANT = 'acme';
export const USERS = ['a0', 'b1', 'c0', 'd1', 'e0', 'f1'] as const;
export const GROUPS = ['g', 'h', 'k'] as const;
export const PARTITIONS = 2;
/** 2026-11-21T12:00:00Z */
export const EPOCH = 1_795_262_400_000;

export const partitionOf = (user: string): number => user.charCodeAt(user.length - 1) % PARTITIONS;

/** What is true of somebody from a moment on, until their next state. */
export interface State {
  readonly at: number;
  /** As the store answers it, groups included. */
  readonly view: View;
  /** Everything of them was forgotten at this moment. */
  readonly forgotten: boolean;
}

/** A person's own groups: what their newest token says. */
export interface Own {
  readonly groups: readonly string[];
  readonly stamp: number;
}

export interface Person {
  readonly user: string;
  readonly states: State[];
  own: Own | undefined;
  hidden: boolean;
}

export type Entry = { readonly id: number; readonly partition: number; readonly own: Own | undefined } & (
  | { readonly event: LoggedTransition }
  | { readonly command: Exclude<Command, { type: 'put_out' }> }
);

/** What is true of everybody, and was, and the logs in which the changes are written: the store behind a node. */
export class Truth {
  /** One number for moments, versions and places in the log. */
  clock = 1;
  readonly #people = new Map<string, Person>();
  readonly #written: (entry: Entry) => void;

  constructor(written: (entry: Entry) => void) {
    this.#written = written;
    for (const user of USERS) {
      const view: View = { user, status: 'offline', since: 0, ver: 0, devices: [] };
      const states = [{ at: 0, view, forgotten: false }];
      this.#people.set(user, { user, states, own: undefined, hidden: false });
    }
  }

  person(user: string): Person {
    const person = this.#people.get(user);
    if (person === undefined) throw new RangeError(`nobody is called ${user}`);
    return person;
  }

  now(user: string): View {
    const view = this.person(user).states.at(-1)?.view;
    if (view === undefined) throw new RangeError('no state');
    return view;
  }

  /** Every state that was true at some moment from one on, oldest first. */
  since(user: string, from: number): readonly State[] {
    const { states } = this.person(user);
    let first = states.length - 1;
    while (first > 0 && (states[first]?.at ?? 0) > from) first -= 1;
    return states.slice(first);
  }

  /** Whether a version of somebody said so: they may have come and gone since, and are offline all the same. */
  wasOffline(user: string, ver: number): boolean {
    return this.person(user).states.some(({ view }) => view.ver === ver && view.status === 'offline');
  }

  /** A transition. Somebody hidden makes none. */
  change(user: string, status: Status): void {
    const person = this.person(user);
    if (person.hidden) return;
    this.#transition(person, status, 'active');
  }

  hide(user: string): void {
    const person = this.person(user);
    if (person.hidden) return;
    if (this.now(user).status !== 'offline') this.#transition(person, 'offline', 'goodbye');
    person.hidden = true;
  }

  show(user: string): void {
    const person = this.person(user);
    if (!person.hidden) return;
    person.hidden = false;
    this.#transition(person, 'online', 'connect');
  }

  /** What a person says of themselves, hidden or not. */
  note(user: string, isSet: boolean): void {
    const person = this.person(user);
    const note = isSet ? { text: `note ${this.clock}` } : {};
    this.#transition(person, this.now(user).status, 'note', note);
  }

  /** Devices, name and last seen change, and nobody is told. */
  touch(user: string): void {
    const person = this.person(user);
    const view = this.now(user);
    if (person.hidden || view.ver === 0) return;
    const id = this.#tick();
    const name = `name ${id}`;
    if (view.status === 'offline') this.#put(person, { ...view, name, lastSeen: EPOCH + id });
    else this.#put(person, { ...view, name, devices: id % 2 === 0 ? ['web'] : ['web', 'mobile'] });
  }

  /** A token's word on the groups of its user reaches the store. */
  word(user: string, own: Own): void {
    const person = this.person(user);
    if (own.stamp < (person.own?.stamp ?? 0)) return;
    person.own = own;
    const view = this.now(user);
    if (person.hidden || same(view.groups ?? [], own.groups)) return;
    const id = this.#tick();
    const next = { ...view, groups: own.groups };
    this.#put(person, next);
    this.#write(user, id, { command: { type: 'groups', ref: { tenant: TENANT, user }, view: next } });
  }

  forget(user: string): void {
    const person = this.person(user);
    const id = this.#tick();
    person.own = undefined;
    person.hidden = false;
    const view: View = { user, status: 'offline', since: 0, ver: 0, devices: [] };
    person.states.push({ at: id, view, forgotten: true });
    this.#write(user, id, { command: { type: 'forget', ref: { tenant: TENANT, user }, at: id } });
  }

  #transition(person: Person, status: Status, reason: Reason, note = this.now(person.user).note): void {
    const { user, own } = person;
    const id = this.#tick();
    const { status: previous, name, groups = own?.groups } = this.now(user);
    const shown = person.hidden ? groups : (own?.groups ?? groups);
    const view: View = {
      user,
      status,
      since: EPOCH + id,
      ver: id,
      devices: status === 'offline' ? [] : ['web'],
      ...(status !== 'online' && { lastSeen: EPOCH + id }),
      ...(name !== undefined && { name }),
      ...(note?.text !== undefined && { note }),
      ...(shown !== undefined && { groups: shown }),
    };
    this.#put(person, view);
    const transition = { ...view, tenant: TENANT, previous, reason };
    this.#write(user, id, { event: { id, partition: partitionOf(user), transition } });
  }

  #tick(): number {
    this.clock += 1;
    return this.clock;
  }

  #put(person: Person, view: View): void {
    person.states.push({ at: this.clock, view, forgotten: false });
  }

  #write(
    user: string,
    id: number,
    what: { event: LoggedTransition } | { command: Exclude<Command, { type: 'put_out' }> },
  ): void {
    this.#written({ id, partition: partitionOf(user), own: this.person(user).own, ...what });
  }
}

const same = (ones: readonly string[], others: readonly string[]): boolean =>
  ones.length === others.length && ones.every((one) => others.includes(one));
