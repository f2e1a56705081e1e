import { ABUSE } from './abuse.ts';
import { FANOUT } from './fanout.ts';
import { INTERLEAVINGS } from './interleavings.ts';
import type { Mutant } from './mutant.ts';
import { SESSION } from './session.ts';
import { STORE } from './store.ts';
import { WIRING } from './wiring.ts';

/** Every one of them has to die. */
export const MUTANTS: readonly Mutant[] = [
  ...STORE,
  ...FANOUT,
  ...SESSION,
  ...WIRING,
  ...INTERLEAVINGS,
  ...ABUSE,
];
