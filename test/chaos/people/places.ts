import type { Random } from '../random.ts';
import type { Slot } from '../world/slot.ts';

/** How often somebody is sent to a node that sleeps, as a balancer does until it notices. */
const BLIND = 0.05;

/** Where clients are sent: what a load balancer knows. */
export class Places {
  readonly #slots: readonly Slot[];

  constructor(slots: readonly Slot[]) {
    this.#slots = slots;
  }

  pick(random: Random): { slot: number; url: string } {
    const blind = random.chance(BLIND);
    const open = this.#slots.filter((slot) => slot.isOpen && (blind || !slot.isPaused));
    const slot = random.pick(open.length > 0 ? open : this.#slots);
    return { slot: slot.index, url: slot.node.wsUrl };
  }
}
