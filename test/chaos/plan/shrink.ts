import type { Plan, Round } from './plan.ts';

export interface ShrinkOptions {
  /** Carries a smaller plan out: whether it still finds what the whole one found. */
  readonly fails: (plan: Plan) => Promise<boolean>;
  /** Asked before every try: the time that shrinking may take is bounded. */
  readonly mayGoOn: () => boolean;
  /** Whom the violations are about: tried alone first. */
  readonly suspects: readonly number[];
}

/**
 * Cuts a plan that finds something down to fewer rounds, then to fewer faults in each, then to fewer people, as long as it
 * still finds it. Nothing is claimed of the result but that it was seen to fail, last of all: where a run depends on
 * chance a smaller plan may have been given up too early.
 */
export const shrink = async (whole: Plan, { fails, mayGoOn, suspects }: ShrinkOptions): Promise<Plan> => {
  let plan = whole;
  const still = async (smaller: Plan): Promise<boolean> => {
    if (!mayGoOn() || !(await fails(smaller))) return false;
    plan = smaller;
    return true;
  };
  await fewer(plan.rounds, (rounds) => still({ ...plan, rounds }));
  for (let i = 0; i < plan.rounds.length; i++) {
    const round = plan.rounds[i];
    if (round === undefined || round.faults.length < 2) continue;
    await fewer(round.faults, (faults) =>
      still({ ...plan, rounds: replaced(plan.rounds, i, { ...round, faults }) }),
    );
  }
  const few = whole.people.filter((each) => suspects.includes(each));
  if (few.length > 0 && few.length < plan.people.length) await still({ ...plan, people: few });
  await fewer(plan.people, (people) => still({ ...plan, people }));
  return plan;
};

const replaced = (rounds: readonly Round[], at: number, round: Round): Round[] =>
  rounds.map((each, i) => (i === at ? round : each));

/** Delta debugging (Zeller, Hildebrandt 2002), of complements alone: leaves out halves, quarters, … down to single ones. */
const fewer = async <T>(
  list: readonly T[],
  still: (fewer: readonly T[]) => Promise<boolean>,
): Promise<void> => {
  let kept = list;
  for (let parts = 2; kept.length > 1; ) {
    const size = Math.ceil(kept.length / parts);
    let isCut = false;
    for (let at = 0; at < kept.length && !isCut; at += size) {
      const rest = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (rest.length === 0 || !(await still(rest))) continue;
      kept = rest;
      isCut = true;
    }
    if (isCut) parts = Math.max(2, parts - 1);
    else if (size === 1) return;
    else parts = Math.min(kept.length, parts * 2);
  }
};
