import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explain, fuzz } from './fuzz/run.ts';
import { ALL_KINDS } from './fuzz/steps.ts';

const SEED = Number(process.env['WATCHERS_SEED'] ?? 1);
const STEPS = Number(process.env['WATCHERS_STEPS'] ?? 25_000);

describe('watchers, in any interleaving of what they ask for and what happens', () => {
  const rejections: unknown[] = [];
  const note = (error: unknown): void => void rejections.push(error);
  beforeEach(() => {
    rejections.length = 0;
    process.on('unhandledRejection', note);
  });
  afterEach(() => {
    process.off('unhandledRejection', note);
  });

  it.each(['groups', 'tenant'] as const)(
    'hold exactly what they may see, the newest of it, and nothing that was refused (policy %s)',
    async (policy) => {
      const pairs = new Set<string>();
      const { steps, seed } = await fuzz(SEED, STEPS, policy, (made) => {
        for (const [at, { kind }] of made.entries()) pairs.add(`${made[at - 1]?.kind} ${kind}`);
      });
      if (seed !== undefined) expect.fail(`after ${steps} steps: ${await explain(seed, policy)}`);
      expect(rejections).toEqual([]);
      const missing = ALL_KINDS.flatMap((one) => ALL_KINDS.map((other) => `${one} ${other}`)).filter(
        (pair) => !pairs.has(pair),
      );
      expect(missing, 'every step is made after every other').toEqual([]);
    },
    3_600_000,
  );

  it('are judged by what knows nothing of how fan-out works', () => {
    const imports = [
      'asked.ts',
      'lists.ts',
      'oracle.ts',
      'repeats.ts',
      'rights.ts',
      'told.ts',
      'truth.ts',
    ].flatMap((file) => {
      const text = readFileSync(new URL(`./fuzz/${file}`, import.meta.url), 'utf8');
      return [...text.matchAll(/from '([^']+)'/g)].map(([, path]) => path);
    });
    // What they import is one of them, or a type of src/domain or src/events.
    expect(imports.length).toBeGreaterThan(3);
    for (const path of imports)
      expect(path).toMatch(
        /^\.\/(asked|lists|repeats|rights|told|truth)\.ts$|\/src\/(domain|events|store)\//,
      );
  });
});
