import { readdirSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { faultOf } from '../../chaos/faults/all-faults.ts';
import { drawPlan } from '../../chaos/plan/draw-plan.ts';
import { faultsOf, readPlan, writePlan } from '../../chaos/plan/plan.ts';

const CORPUS = fileURLToPath(new URL('../../chaos/corpus/', import.meta.url));
const options = { seconds: 60, topology: 'standalone' } as const;

describe('a seed', () => {
  it('means the same plan wherever it is drawn', () => {
    expect(drawPlan({ ...options, seed: 12 })).toEqual(drawPlan({ ...options, seed: 12 }));
    expect(drawPlan({ ...options, seed: 12 })).not.toEqual(drawPlan({ ...options, seed: 13 }));
  });

  it('means the faults that it meant before pairs were drawn', () => {
    const plan = drawPlan({ ...options, seed: 55123 });
    const first = plan.rounds
      .slice(0, 4)
      .flatMap(({ faults }) => faults.filter(({ behind }) => behind !== true));
    expect(first.map(({ kind, slot }) => `${kind}@${slot}`)).toMatchInlineSnapshot(`
      [
        "pub/sub connections killed@1",
        "Redis restarted with its data@0",
        "clock of a node steps@2",
        "Redis restarted empty@1",
        "link of a node slow@2",
      ]
    `);
  });

  it('draws close pairs and refused writes of every kind', () => {
    const plans = Array.from({ length: 40 }, (_, seed) => drawPlan({ ...options, seed }));
    const behind = plans.map((plan) => faultsOf(plan).filter((fault) => fault.behind).length);
    expect(Math.min(...behind)).toBeGreaterThan(0);
    const refused = new Set(
      plans.flatMap(faultsOf).flatMap(({ kind }) => (kind.includes('refuses') ? [kind] : [])),
    );
    expect(refused.size).toBe(4);
  });

  it('draws nothing that its topology cannot have', () => {
    const kinds = new Set(
      faultsOf(drawPlan({ ...options, topology: 'cluster', seed: 3 })).map(({ kind }) => kind),
    );
    expect(
      [...kinds].filter((kind) => kind.includes('Sentinel') || kind.includes('restarted empty')),
    ).toEqual([]);
  });
});

it('a plan survives its file', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'rollcall-plan-')), 'plan.json');
  const plan = drawPlan({ ...options, seconds: 2, seed: 99 });
  writePlan(file, { ...plan, found: ['steady'] });
  expect(readPlan(file)).toEqual({ ...plan, found: ['steady'] });
});

it('every plan of the corpus can still be carried out', () => {
  for (const file of readdirSync(CORPUS)) {
    const plan = readPlan(join(CORPUS, file));
    expect(plan.found?.length, file).toBeGreaterThan(0);
    for (const { kind } of faultsOf(plan)) {
      const { suits } = faultOf(kind);
      expect(suits === undefined || suits.includes(plan.topology), `${file}: ${kind}`).toBe(true);
    }
  }
});
