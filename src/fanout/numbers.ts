import type { CountOf, Numbers } from '../protocol/encode-place.ts';
import type { GroupViews } from '../store/port/groups.ts';
import type { Places } from '../store/port/places.ts';
import type { Views } from '../store/port/views.ts';
import type { FanoutContext } from './context.ts';
import { Polled } from './polled.ts';

/** The roles of the store that are counted. */
export interface NumbersStore {
  readonly views: Pick<Views, 'count'>;
  readonly groups: Pick<GroupViews, 'count'>;
  readonly places: Pick<Places, 'counts'>;
}

/** Ids may hold any character but control characters. */
export const numberKey = (of: CountOf): string => {
  if ('group' in of) return `g\n${of.group}`;
  return 'place' in of ? `p\n${of.place}` : 't';
};

/** The numbers that connections of a node watch: of whole tenants, groups and places of any size. */
export class WatchedNumbers {
  readonly #store: NumbersStore;
  readonly #context: FanoutContext;
  /** By tenant, then by {@link numberKey}. */
  readonly #tenants = new Map<string, Map<string, Polled<Numbers>>>();

  constructor(store: NumbersStore, context: FanoutContext) {
    this.#store = store;
    this.#context = context;
  }

  /** A watch needs the number until {@link leave}. */
  enter(tenant: string, of: CountOf): Polled<Numbers> {
    let numbers = this.#tenants.get(tenant);
    if (numbers === undefined) {
      numbers = new Map();
      this.#tenants.set(tenant, numbers);
    }
    const key = numberKey(of);
    let number = numbers.get(key);
    if (number === undefined) {
      const read = (): Promise<Numbers> => this.#read(tenant, of);
      number = new Polled({ read, same: sameNumbers, context: this.#context });
      numbers.set(key, number);
    }
    number.interest += 1;
    return number;
  }

  leave(tenant: string, of: CountOf, number: Polled<Numbers>): void {
    number.interest -= 1;
    const numbers = this.#tenants.get(tenant);
    const key = numberKey(of);
    if (number.interest > 0 || numbers?.get(key) !== number) return;
    number.stop();
    numbers.delete(key);
    if (numbers.size === 0) this.#tenants.delete(tenant);
  }

  /** The status of a person in these groups changed. */
  transition(tenant: string, groups: readonly string[] = []): void {
    const numbers = this.#tenants.get(tenant);
    if (numbers === undefined) return;
    numbers.get(numberKey({ tenant: true }))?.touch();
    for (const group of groups) numbers.get(numberKey({ group }))?.touch();
  }

  /** A user entered a place, or left it. */
  moved(tenant: string, place: string): void {
    this.#tenants.get(tenant)?.get(numberKey({ place }))?.touch();
  }

  /** The groups of a user changed, or the user was forgotten: the groups before are not known here. */
  regrouped(tenant: string): void {
    for (const number of this.#tenants.get(tenant)?.values() ?? []) number.touch();
  }

  /** After a loss of data. */
  refresh(): void {
    for (const numbers of this.#tenants.values()) for (const number of numbers.values()) number.touch();
  }

  get size(): number {
    let size = 0;
    for (const numbers of this.#tenants.values()) size += numbers.size;
    return size;
  }

  stop(): void {
    for (const numbers of this.#tenants.values()) for (const number of numbers.values()) number.stop();
  }

  async #read(tenant: string, of: CountOf): Promise<Numbers> {
    const { views, groups, places } = this.#store;
    if ('group' in of) return groups.count(tenant, of.group);
    if ('tenant' in of) return views.count(tenant);
    const [present = 0] = await places.counts(tenant, [of.place]);
    return { present, members: present };
  }
}

const sameNumbers = (one: Numbers, other: Numbers): boolean => {
  if ('online' in one) {
    return (
      'online' in other && one.online === other.online && one.away === other.away && one.busy === other.busy
    );
  }
  return 'present' in other && one.present === other.present && one.members === other.members;
};
