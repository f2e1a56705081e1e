import type { ServerFrame, Shown } from './told.ts';
import type { Truth } from './truth.ts';

/** A `watch` that was not answered to its end. */
export interface Request {
  readonly ref: string;
  readonly moment: number;
  /** From which moment on what is true may decide about it, a partition each; and reads that had failed before it. */
  readonly floors: readonly number[];
  readonly failures: number;
  readonly users: Set<string>;
  readonly groups: Set<string>;
  tenant: boolean;
  /** Asked for, and taken away before anything of the answer came: it may bring them or not. */
  readonly unsure: { readonly users: Set<string>; readonly groups: Set<string>; tenant: boolean };
  /** Those shown by id, or as one of the tenant; and groups whose list began. */
  readonly shown: Set<string>;
  readonly lists: Set<string>;
  begun: boolean;
}

/** What the oracle is told of the world around the connection. */
export interface Surroundings {
  readonly truth: Truth;
  /** The policy: of others, only people who share a group. */
  readonly sharedOnly: boolean;
  /** From which moment on what is true may still be on its way to the node, by partition. */
  readonly floors: readonly number[];
  /** The moment before the step under way. */
  readonly stepAt: number;
  /** Reads that failed so far. */
  readonly failures: number;
  /** Entries of a log were lost; and in which partitions without its having come to rest since. */
  readonly lossy: boolean;
  readonly lost: readonly number[];
  finding(text: string): void;
}

export const groupsOf = (asked: readonly Pick<Request, 'groups' | 'unsure'>[]): string[] =>
  asked.flatMap(({ groups, unsure }) => [...groups, ...unsure.groups]);
export const views = ({ users = [] }: ServerFrame): Shown[] =>
  users.filter((shown) => typeof shown !== 'string');
export const list = (set: Iterable<string>): string => `{${[...set].sort().join(' ')}}`;
export const same = (ones: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
  list(ones) === list(others);
