import type { History } from '../history/history.ts';
import type { Bounds } from '../timings.ts';
import { Case } from './case.ts';
import { cursorsMissNothing, resetsHaveAReason } from './cursors.ts';
import { dampingHolds } from './damping.ts';
import { readsAreRight, truthIsShown } from './shown.ts';
import { memoryIsBounded, socketsStayOpen } from './sockets.ts';
import { noGhosts, onceEach, steady } from './transitions.ts';
import { readsNeverGuess, refusalIsTold } from './unwritten.ts';
import { risingForWatchers, risingInLog, toldIsLogged } from './versions.ts';
import type { Violation } from './violation.ts';

/** Every invariant by name, each stated in words where it is checked. */
const RULES = {
  truthIsShown,
  readsAreRight,
  onceEach,
  steady,
  noGhosts,
  risingForWatchers,
  risingInLog,
  toldIsLogged,
  cursorsMissNothing,
  resetsHaveAReason,
  socketsStayOpen,
  memoryIsBounded,
  readsNeverGuess,
  refusalIsTold,
  dampingHolds,
} as const;

export type RuleName = keyof typeof RULES;

/** What of the promises a history breaks, earliest first. */
export const check = (history: History, bounds: Bounds): Violation[] => {
  const run = new Case(history, bounds);
  return Object.values(RULES)
    .flatMap((rule) => rule(run))
    .sort((a, b) => a.at - b.at);
};
