import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { story } from './checker/story.ts';
import { type Plan, textOf, writePlan } from './plan/plan.ts';
import type { ChaosResult } from './run.ts';

/** What a run found: the first violation with everything that is known of the user concerned, and how to play it again. */
export const reportOf = ({ plan, history, violations }: ChaosResult): string => {
  const { seed, seconds, topology } = plan;
  const replay = `CHAOS_SEED=${seed} CHAOS_SECONDS=${seconds} CHAOS_TOPOLOGY=${topology} npm run test:chaos`;
  const [first] = violations;
  if (first === undefined) return `seed ${seed}: nothing found. Again: ${replay}`;
  const byRule = new Map<string, number>();
  for (const { rule } of violations) byRule.set(rule, (byRule.get(rule) ?? 0) + 1);
  const seconds_ = (at: number): string => ((at - history.begunAt) / 1_000).toFixed(3);
  const list = violations
    .slice(0, 12)
    .map(({ rule, at, user, what }) => `  ${seconds_(at)} s ${rule}: ${user ?? ''} ${what}`);
  return [
    `seed ${seed}: ${violations.length} violations (${[...byRule].map(([rule, n]) => `${rule} ${n}`).join(', ')})`,
    ...list,
    `Again: ${replay}`,
    `What is known of ${first.user ?? 'the faults'}:`,
    story(history, first.user, first.at),
  ].join('\n');
};

/** Keeps a plan where it can be played again. @returns what to say of it. */
export const keepPlan = (plan: Plan, found: readonly string[]): string => {
  const file = join(tmpdir(), `rollcall-chaos-${plan.seed}-${plan.topology}.json`);
  const kept = { ...plan, found };
  writePlan(file, kept);
  const { length } = plan.rounds.flatMap(({ faults }) => faults);
  return [
    `${length} faults and ${plan.people.length} people. Again: CHAOS_PLAN=${file} npm run test:chaos`,
    textOf(kept),
  ].join('\n');
};
