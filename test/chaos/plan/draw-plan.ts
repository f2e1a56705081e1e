import type { TopologyKind } from '../../support/topologies/redis-topology.ts';
import { FAULTS, REFUSALS } from '../faults/all-faults.ts';
import type { Fault } from '../faults/fault.ts';
import { Random } from '../random.ts';
import { CHAOS_BOUNDS } from '../timings.ts';
import { Deck } from './deck.ts';
import type { Plan, PlannedFault, Round } from './plan.ts';

/** How often a second fault happens while the first one lasts, and how often the next one comes before all has healed. */
const COMBINED = 0.35;
const HASTY = 0.45;
/** How often one more follows at once, before anything can have healed: two faults that are harmless alone. */
const PAIRED = 0.35;
/** How much later it begins, ms. */
const PAIR_MS = 900;
/** No round is shorter, s. */
const SHORTEST_S = 0.1;

/** One seed in so many runs with damping: then only the newest state is owed at once. */
const DAMPED_EVERY = 5;

const NODES = [0, 1, 2];
const PEOPLE = 120;

export interface DrawOptions {
  readonly seed: number;
  readonly topology: TopologyKind;
  readonly seconds: number;
  readonly people?: number;
  /** Only kinds that contain one of these. */
  readonly only?: readonly string[];
  readonly damped?: boolean;
  /** Whether Redis may refuse writes. Default true. */
  readonly refusals?: boolean;
}

/**
 * What a seed does: the same plan wherever it is drawn, longer than its time allows. What was added to the drawing later
 * draws from generators of its own, so that a seed still means the faults that it always meant.
 */
export const drawPlan = ({ seed, topology, seconds, only, ...rest }: DrawOptions): Plan => {
  const isWanted = ({ suits, kind }: Fault): boolean =>
    (suits?.includes(topology) ?? true) && (only?.some((part) => kind.includes(part)) ?? true);
  const random = new Random(seed).fork('faults');
  const usual = FAULTS.filter(isWanted);
  const refusals = rest.refusals === false ? [] : REFUSALS.filter(isWanted);
  if (usual.length + refusals.length === 0) throw new Error(`no fault of ${topology} is called so`);
  const deck = new Deck(usual.length > 0 ? usual : refusals, random);
  const apart = random.fork('pairs');
  // Writes are refused in every second pair: nothing else is asked for by so few of the usual ones.
  const followers = new Deck([...usual, ...refusals.map((each) => ({ ...each, weight: 4 }))], apart);
  const rounds = Array.from({ length: Math.ceil(seconds / SHORTEST_S) }, (): Round => {
    const { faults, restMs } = drawRound(deck, random);
    return { faults: [...faults, ...drawFollower(followers, apart)], restMs };
  });
  const { people = PEOPLE, damped = seed % DAMPED_EVERY === 0 } = rest;
  return {
    ...{ seed, topology, seconds, damped, skewed: seed % 2 === 0 },
    people: Array.from({ length: people }, (_, i) => i),
    rounds,
  };
};

const drawRound = (deck: Deck, random: Random): Round => {
  const first = deck.draw();
  // Two nodes at once, or a node and the store; the third node is never touched: somebody has to be there.
  const [slot = 0, other = 1] = random.shuffled(NODES);
  const faults: PlannedFault[] = [
    { kind: first.kind, slot, draw: random.fork(`${first.kind} a`).state, afterMs: 0 },
  ];
  if (random.chance(COMBINED) && first.needs !== 'all') {
    const second = deck.drawBeside(first);
    const afterMs = Math.round(random.between(0, 1_500));
    const draw = random.fork(`${second?.kind} b`).state;
    if (second !== undefined) faults.push({ kind: second.kind, slot: other, draw, afterMs });
  }
  const restMs = random.chance(HASTY)
    ? random.between(100, 1_500)
    : CHAOS_BOUNDS.heal + random.between(500, 1_500);
  return { faults, restMs: Math.round(restMs) };
};

const drawFollower = (deck: Deck, random: Random): PlannedFault[] => {
  if (!random.chance(PAIRED)) return [];
  const { kind } = deck.draw();
  const afterMs = Math.round(random.between(0, PAIR_MS));
  return [{ kind, slot: random.pick(NODES), draw: random.fork(kind).state, afterMs, behind: true }];
};
