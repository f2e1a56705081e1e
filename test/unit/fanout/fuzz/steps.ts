import { Dice } from '../../../support/fuzz/dice.ts';

/** What may happen, and how often it does. */
const KINDS = {
  change: 10,
  hide: 2,
  regroup: 4,
  touch: 3,
  forget: 2,
  deliver: 14,
  lose: 2,
  serve: 8,
  answer: 14,
  fail: 2,
  open: 2,
  close: 2,
  renew: 4,
  flush: 4,
  hear: 3,
  tell: 5,
  watchUsers: 6,
  watchGroups: 5,
  watchTenant: 3,
  watchMixed: 3,
  unwatchUsers: 3,
  unwatchGroups: 2,
  unwatchTenant: 2,
  stall: 2,
  read: 4,
  wait: 3,
} as const;

export type Kind = keyof typeof KINDS;
export const ALL_KINDS = Object.keys(KINDS) as Kind[];
const BAG = ALL_KINDS.flatMap((kind) => Array<Kind>(KINDS[kind]).fill(kind));

/** One step. The numbers say which and whom; they mean something whatever happened before, so that a step can be left out. */
export interface Step {
  readonly kind: Kind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const MOST = 60;

export const stepsOf = (seed: number): Step[] => {
  const dice = new Dice(seed);
  const number = (): number => dice.below(1 << 16);
  return Array.from({ length: 10 + dice.below(MOST) }, () => ({
    kind: dice.one(BAG),
    a: number(),
    b: number(),
    c: number(),
  }));
};

export const stepText = ({ kind, a, b, c }: Step): string => `${kind}(${a}, ${b}, ${c})`;

/** As many of these as the bits of a number say. */
export const some = <T>(items: readonly T[], bits: number): T[] =>
  items.filter((_, at) => (bits >> at) % 2 === 1);

export const one = <T>(items: readonly T[], number: number): T => {
  const item = items[number % items.length];
  if (item === undefined) throw new RangeError('nothing to choose from');
  return item;
};
