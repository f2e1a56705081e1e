import { ATTACKS, type AttackName } from '../attacks/attacks.ts';
import { type Attack, Tally } from './attack.ts';
import type { Target } from './peer.ts';

/** The process that an attack runs in, so that it costs whoever measures nothing. Started by `Assault`. */

interface Order {
  readonly attack: AttackName;
  readonly target: Target;
  readonly options: unknown;
}

const tally = new Tally();
const tell = (message: object): void => void process.send?.(message);

process.on('message', (order: Order | 'tally') => {
  if (order === 'tally') {
    tell({ counts: tally.counts });
    return;
  }
  const attack = ATTACKS[order.attack] as Attack<unknown>;
  attack(order.target, order.options, tally).then(
    () => tell({ underway: true }),
    (error: unknown) => tell({ failed: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
tell({ listening: true });
