import { expect, it } from 'vitest';
import { drawPlan } from '../../chaos/plan/draw-plan.ts';
import { faultsOf, type Plan } from '../../chaos/plan/plan.ts';
import { shrink } from '../../chaos/plan/shrink.ts';

const whole = drawPlan({ seed: 7, seconds: 4, topology: 'standalone' });
const kinds = (plan: Plan): string[] => faultsOf(plan).map(({ kind }) => kind);
const always = (): boolean => true;

it('leaves two faults of many and one person of 120, where these are what it takes', async () => {
  const [first, second] = ['FLUSHALL', 'node killed'];
  const fails = async (plan: Plan): Promise<boolean> => {
    const all = kinds(plan);
    const before = all.indexOf(first ?? '');
    return before >= 0 && all.lastIndexOf(second ?? '') > before && plan.people.includes(77);
  };
  expect(await fails(whole)).toBe(true);
  const small = await shrink(whole, { fails, mayGoOn: always, suspects: [3] });
  expect(kinds(small).sort()).toEqual([first, second].sort());
  expect(small.people).toEqual([77]);
});

it('tries the person it is about alone before it halves the others', async () => {
  const tried: number[] = [];
  const fails = async (plan: Plan): Promise<boolean> => {
    if (plan.people.length < 120) tried.push(plan.people.length);
    return plan.people.includes(77);
  };
  await shrink(whole, { fails, mayGoOn: always, suspects: [77] });
  expect(tried).toEqual([1]);
});

it('keeps what was seen to fail last when its time is over, and begins no other run', async () => {
  let runs = 0;
  const fails = async (): Promise<boolean> => {
    runs += 1;
    return true;
  };
  const small = await shrink(whole, { fails, mayGoOn: () => runs < 3, suspects: [] });
  expect(runs).toBe(3);
  expect(small.rounds.length).toBe(Math.ceil(whole.rounds.length / 8));
});

it('gives the whole plan back when nothing smaller fails', async () => {
  expect(await shrink(whole, { fails: async () => false, mayGoOn: always, suspects: [1] })).toBe(whole);
});
