import type { Scope } from '../../../../src/auth/principal.ts';
import { Dice } from '../../../support/fuzz/dice.ts';
import { USERS } from './truth.ts';

/** What may happen, and how often it does. */
const KINDS = {
  change: 10,
  hide: 4,
  regroup: 4,
  touch: 3,
  note: 3,
  forget: 3,
  deliver: 14,
  lose: 3,
  serve: 8,
  answer: 14,
  fail: 3,
  open: 3,
  close: 3,
  renew: 4,
  flush: 4,
  hear: 4,
  tell: 5,
  watchUsers: 6,
  watchGroups: 5,
  watchTenant: 3,
  watchMixed: 3,
  unwatchUsers: 3,
  unwatchGroups: 3,
  unwatchTenant: 3,
  stall: 3,
  read: 4,
  sip: 4,
  wait: 4,
  changeAtOnce: 6,
  forgetAtOnce: 5,
  regroupAtOnce: 8,
  regroupTwice: 4,
  watchStalled: 4,
  forgetMeanwhile: 4,
  watchTwice: 4,
  calm: 3,
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

export const SCOPES: readonly (readonly Scope[])[] = [
  ['connect', 'watch'],
  ['connect', 'watch', 'watch:tenant'],
  ['connect', 'watch'],
  ['connect'],
];
/** Place of those that may watch the tenant. */
const TENANT_SCOPE = 1;

const WATCHES = ['watchUsers', 'watchGroups', 'watchTenant', 'watchMixed', 'watchTwice'] as const;
export const CLIENTS = 3;

/** Three worlds of four begin with people online in groups, and clients that may watch them; two of four with watches. */
const begun = (dice: Dice, step: (kind: Kind, of?: Partial<Step>) => Step): Step[] => {
  const chance = dice.below(4);
  if (chance === 0) return [];
  const people = USERS.flatMap((_, a) => [step('regroup', { a }), step('change', { a })]);
  const clients = Array.from({ length: CLIENTS }, (_, a) => ({ a, watch: dice.one(WATCHES) }));
  const opened = clients.map(({ a }) => step('open', { a }));
  const renewed = clients.map(({ a, watch }) =>
    step('renew', watch === 'watchTenant' ? { a, c: TENANT_SCOPE } : { a }),
  );
  const watched = chance === 1 ? [] : clients.map(({ a, watch }) => step(watch, { a }));
  return [...people, ...opened, step('calm'), ...renewed, step('calm'), ...watched, step('calm')];
};

export const stepsOf = (seed: number): Step[] => {
  const dice = new Dice(seed);
  const number = (): number => dice.below(1 << 16);
  const step = (kind: Kind, of: Partial<Step> = {}): Step => ({
    kind,
    a: number(),
    b: number(),
    c: number(),
    ...of,
  });
  const first = begun(dice, step);
  return [...first, ...Array.from({ length: 10 + dice.below(MOST) }, () => step(dice.one(BAG)))];
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
