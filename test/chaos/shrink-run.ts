import type { Plan } from './plan/plan.ts';
import { shrink } from './plan/shrink.ts';
import { type ChaosResult, runChaos } from './run.ts';

/** A smaller plan is given up when so many runs of it find nothing: processes are scheduled by chance. */
const TRIES = 2;

/** What a busy machine alone may bring about. */
const BUSY = 'socketsStayOpen';

/** The rules that a run broke, without those that say little as long as there are others. */
export const rulesOf = ({ violations }: ChaosResult): Set<string> => {
  const all = new Set(violations.map(({ rule }) => rule));
  return all.size > 1 ? new Set([...all].filter((rule) => rule !== BUSY)) : all;
};

/**
 * Cuts down what was found, by runs of smaller plans that end as soon as they find it too.
 * @param budgetMs - after it no other run begins; the last one may take its minute.
 */
export const shrinkRun = async (
  result: ChaosResult,
  budgetMs: number,
  say: (text: string) => void,
): Promise<Plan> => {
  const rules = rulesOf(result);
  const until = performance.now() + budgetMs;
  const mayGoOn = (): boolean => performance.now() < until;
  const first = result.violations.find(({ rule }) => rules.has(rule));
  // What happened later cannot be the reason.
  const rounds = result.plan.rounds.filter((_, i) => (result.begun[i] ?? 0) < (first?.at ?? 0));
  const suspects = result.violations.flatMap(({ user }) =>
    user === undefined ? [] : [Number(user.slice(5))],
  );
  const fails = async (plan: Plan): Promise<boolean> => {
    for (let i = 0; i < TRIES && mayGoOn(); i++) {
      const { violations } = await runChaos(plan, { enough: ({ rule }) => rules.has(rule) });
      const isFound = violations.some(({ rule }) => rules.has(rule));
      const faults = plan.rounds.reduce((sum, round) => sum + round.faults.length, 0);
      say(`  ${faults} faults, ${plan.people.length} people: ${isFound ? 'found again' : 'not found'}`);
      if (isFound) return true;
    }
    return false;
  };
  return shrink({ ...result.plan, rounds }, { fails, mayGoOn, suspects });
};
