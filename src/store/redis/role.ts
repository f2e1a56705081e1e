import type { Caller } from './caller.ts';
import type { KeySpace } from './key-space.ts';

/** What the roles of the store in Redis have in common. */
export interface RoleOptions {
  readonly caller: Caller;
  /** The rules, as the first argument of every function. */
  readonly policy: string;
  readonly keys: KeySpace;
}
