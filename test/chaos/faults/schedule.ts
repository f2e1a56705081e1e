import { setTimeout as sleep } from 'node:timers/promises';
import { clock, type Recorder } from '../history/recorder.ts';
import type { Random } from '../random.ts';
import { CHAOS_BOUNDS } from '../timings.ts';
import type { World } from '../world/world.ts';
import { FAILOVER_FAULTS } from './failover-faults.ts';
import type { Fault } from './fault.ts';
import { LINK_FAULTS } from './link-faults.ts';
import { NODE_FAULTS } from './node-faults.ts';
import { REDIS_FAULTS } from './redis-faults.ts';

const FAULTS: readonly Fault[] = [...NODE_FAULTS, ...LINK_FAULTS, ...REDIS_FAULTS, ...FAILOVER_FAULTS];

/** Before the first fault everybody arrives, ms. */
const ARRIVAL_MS = 3_000;
/** How often a second fault happens while the first one lasts, and how often the next one comes before all has healed. */
const COMBINED = 0.35;
const HASTY = 0.45;

export interface ScheduleOptions {
  readonly world: World;
  readonly recorder: Recorder;
  readonly random: Random;
  readonly seconds: number;
  /** Only these kinds, when given. */
  readonly only?: readonly string[];
  /** Asked after every fault. */
  readonly isEnough: () => Promise<boolean>;
}

/** Lets faults happen, alone and combined, until the time is over; all are over when it resolves. */
export const happen = async ({
  world,
  recorder,
  random,
  seconds,
  only,
  isEnough,
}: ScheduleOptions): Promise<void> => {
  const suitable = FAULTS.filter(
    ({ suits, kind }) => (suits?.(world) ?? true) && (only?.some((part) => kind.includes(part)) ?? true),
  );
  const deck = new Deck(suitable, random);
  const end = clock() + seconds * 1_000;
  await sleep(ARRIVAL_MS);
  while (clock() < end) {
    const first = deck.draw();
    const [slot, other] = random.shuffled(world.slots);
    if (slot === undefined || other === undefined) throw new Error('a world without nodes');
    const running = [first.run({ world, recorder, random: random.fork(`${first.kind} a`), slot })];
    if (random.chance(COMBINED) && first.needs !== 'all') {
      const second = deck.drawBeside(first);
      await sleep(random.between(0, 1_500));
      // Two nodes at once, or a node and the store; the third node is never touched: somebody has to be there.
      const draw = random.fork(`${second?.kind} b`);
      if (second !== undefined) running.push(second.run({ world, recorder, random: draw, slot: other }));
    }
    await Promise.all(running);
    const rest = random.chance(HASTY)
      ? random.between(100, 1_500)
      : CHAOS_BOUNDS.heal + random.between(500, 1_500);
    await sleep(Math.min(rest, Math.max(0, end - clock())));
    if (await isEnough()) return;
  }
};

/** Draws by weight, but the same again only when the others had their turn: a minute is short. */
class Deck {
  readonly #faults: readonly Fault[];
  readonly #random: Random;
  readonly #drawn = new Map<Fault, number>();

  constructor(faults: readonly Fault[], random: Random) {
    this.#faults = faults;
    this.#random = random;
  }

  draw(from: readonly Fault[] = this.#faults): Fault {
    const fault = this.#random.weighted(
      from.map((each) => [each.weight / 4 ** (this.#drawn.get(each) ?? 0), each] as const),
    );
    this.#drawn.set(fault, (this.#drawn.get(fault) ?? 0) + 1);
    return fault;
  }

  drawBeside(other: Fault): Fault | undefined {
    const fits = this.#faults.filter(
      ({ needs }) => needs === 'node' || (needs === 'store' && other.needs !== 'store'),
    );
    return fits.length > 0 ? this.draw(fits) : undefined;
  }
}
