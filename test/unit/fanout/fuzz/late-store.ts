import type { View } from '../../../../src/domain/model.ts';
import { StoreError } from '../../../../src/store/port/store-error.ts';
import type { Counts, Page } from '../../../../src/store/port/views.ts';
import { notHere } from '../../../support/not-here.ts';
import { PARTITIONS, partitionOf, type Truth, USERS } from './truth.ts';

/** A call that was not answered yet. Each partition is read at a moment of its own, long before the answer comes. */
export interface OpenCall {
  /** The moments at which partitions were read. */
  readonly served: readonly (number | undefined)[];
  serve(partition: number): void;
  answer(): void;
  fail(): void;
}

const PAGE = 2;

/** The reads of a store that answers when it is told to. */
export class LateStore {
  readonly open: OpenCall[] = [];
  /** Calls that failed so far, and calls in all. */
  failures = 0;
  calls = 0;
  readonly partitions = PARTITIONS;
  readonly reports = this;
  readonly views = this;
  readonly #truth: Truth;

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  partitionOf = ({ user = '' }: { user?: string | undefined }): number => partitionOf(user);

  /** It never lost what it is told. */
  restore = async (): Promise<void> => undefined;

  read = (_tenant: string, users: readonly string[]): Promise<View[]> =>
    this.#call(
      (partition) => new Map(of(partition, users).map((user) => [user, this.#truth.now(user)])),
      (parts) => users.map((user) => found(parts[partitionOf(user)]?.get(user))),
    );

  page = (_tenant: string, _limit: number, cursor?: string): Promise<Page> =>
    this.#call(
      (partition) => of(partition, USERS).map((user) => this.#truth.now(user)),
      (parts) => {
        const rest = parts
          .flat()
          .filter(({ status, user }) => status !== 'offline' && (cursor === undefined || user > cursor))
          .sort((a, b) => (a.user < b.user ? -1 : 1));
        const users = rest.slice(0, PAGE);
        const last = users.at(-1)?.user;
        return { users, ...(rest.length > PAGE && last !== undefined && { cursor: last }) };
      },
    );

  count = (_tenant: string): Promise<Counts> =>
    this.#call(
      (partition) => of(partition, USERS).filter((user) => this.#truth.now(user).status === 'online').length,
      (parts) => ({ online: parts.reduce((sum, part) => sum + part, 0), away: 0, busy: 0 }),
    );

  readSelf = notHere;
  explain = notHere;
  readonly groups = {
    ...{ page: notHere, count: notHere },
    members: (_tenant: string, group: string): Promise<View[] | undefined> =>
      this.#call(
        (partition) => of(partition, USERS).map((user) => this.#truth.now(user)),
        (parts) => parts.flat().filter(({ groups }) => groups?.includes(group) === true),
      ),
  };

  readonly places = { members: notHere, top: notHere, counts: notHere };

  /** The moment of the oldest reading on its way to the node; undefined for none. */
  oldest(partition: number): number | undefined {
    const moments = this.open.map(({ served }) => served[partition]).filter((at) => at !== undefined);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  #call<P, T>(read: (partition: number) => P, combine: (parts: P[]) => T): Promise<T> {
    this.calls += 1;
    return new Promise((resolve, reject) => {
      const parts: (P | undefined)[] = Array(PARTITIONS).fill(undefined);
      const served: (number | undefined)[] = Array(PARTITIONS).fill(undefined);
      const serve = (partition: number): P => {
        const part = parts[partition] ?? read(partition);
        parts[partition] = part;
        served[partition] ??= this.#truth.clock;
        return part;
      };
      const done = (): void => void this.open.splice(this.open.indexOf(call), 1);
      const call: OpenCall = {
        served,
        serve,
        answer: () => {
          const all = parts.map((_, partition) => serve(partition));
          done();
          resolve(combine(all));
        },
        fail: () => {
          this.failures += 1;
          done();
          reject(new StoreError('unavailable', 'away'));
        },
      };
      this.open.push(call);
    });
  }
}

const of = (partition: number, users: readonly string[]): string[] =>
  users.filter((user) => partitionOf(user) === partition);

const found = (view: View | undefined): View => {
  if (view === undefined) throw new RangeError('nobody');
  return view;
};
