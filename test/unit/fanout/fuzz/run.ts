import { type Step, stepsOf, stepText } from './steps.ts';
import { type WatchPolicy, World } from './world.ts';

const windowOf = (seed: number): number => (seed % 3 === 0 ? 0 : 20);

/** Plays the steps. @returns what went wrong. */
const play = async (steps: readonly Step[], policy: WatchPolicy, seed: number): Promise<string[]> => {
  const world = new World(policy, windowOf(seed));
  for (const step of steps) {
    await world.apply(step);
    if (world.findings.length > 0) return world.findings;
  }
  await world.rest();
  return world.findings;
};

/** Leaves out what is not needed for something to go wrong. */
const shrink = async (steps: readonly Step[], policy: WatchPolicy, seed: number): Promise<Step[]> => {
  let least = [...steps];
  for (let size = Math.ceil(least.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < least.length; ) {
      const fewer = [...least.slice(0, at), ...least.slice(at + size)];
      if ((await play(fewer, policy, seed)).length > 0) least = fewer;
      else at += size;
    }
  }
  return least;
};

/** What went wrong with a seed, in the fewest steps that still show it. */
export const explain = async (seed: number, policy: WatchPolicy): Promise<string> => {
  const least = await shrink(stepsOf(seed), policy, seed);
  const findings = await play(least, policy, seed);
  return [`seed ${seed}, policy ${policy}, ${least.length} steps:`, ...least.map(stepText), ...findings].join(
    '\n  ',
  );
};

/** Plays seeds until so many steps were made. @returns the first seed with which something went wrong. */
export const fuzz = async (
  from: number,
  steps: number,
  policy: WatchPolicy,
  each?: (steps: readonly Step[]) => void,
): Promise<{ readonly steps: number; readonly seed?: number }> => {
  let made = 0;
  for (let seed = from; made < steps; seed += 1) {
    const next = stepsOf(seed);
    each?.(next);
    const findings = await play(next, policy, seed);
    made += next.length;
    if (findings.length > 0) return { steps: made, seed };
  }
  return { steps: made };
};
